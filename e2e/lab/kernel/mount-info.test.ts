import { expect, test } from "vitest";
import { parseMountInfo } from "./mount-info.ts";

test("mounts are read with and without optional fields, and escaped blanks are undone", () => {
  const text = [
    "36 35 98:0 / /mnt\\040one rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue",
    "37 35 0:22 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    "half a line",
    "",
  ].join("\n");
  expect(parseMountInfo(text)).toEqual([
    { target: "/mnt one", type: "ext3", source: "/dev/root" },
    { target: "/sys/fs/cgroup/unified", type: "cgroup2", source: "cgroup2" },
  ]);
});
