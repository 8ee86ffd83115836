/** What may lie over /etc though the closure does not declare it. */
import { expect, test } from "vitest";
import { createEtcScope } from "../etc-scope.ts";
import type { ExpectedEntry } from "../etc-entry.ts";
import { findEtcMounts } from "./covering-mounts.ts";
import { parseMountTable } from "./mount-table.ts";
import { lateMinutes, mountMark, rightOf, type MountRights } from "./rightful-mounts.ts";

const root = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw";
/** As docker and podman write them into the containers' tables. */
const docker =
  "612 600 254:1 /var/lib/docker/containers/0a1b/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw";
const podman =
  "613 600 0:26 /containers/overlay-containers/0a1b/userdata/hostname /etc/hostname rw,nosuid,nodev - tmpfs tmpfs rw";
const kubernetes = "614 600 254:1 /var/lib/kubelet/pods/0a1b/etc-hosts /etc/hosts rw - ext4 /dev/vda1 rw";
const ssh = "50 27 0:50 / /etc/ssh rw - tmpfs tmpfs rw";

const entries = new Map<string, ExpectedEntry>(
  ["ssh", "hosts", "hostname"].map((path) => [path, { kind: "link", path, target: `/etc/static/${path}` }]),
);
const nobodys: MountRights = {
  etcDir: "/etc",
  first: { marks: new Set(), lateMinutes: null },
  outside: null,
  isContainer: false,
};
const marks = (...lines: string[]): Set<string> => new Set(parseMountTable(lines.join("\n")).map(mountMark));

function look(lines: readonly string[], rights: Partial<MountRights>) {
  const { covered, rights: found } = findEtcMounts({
    mounts: parseMountTable([root, ...lines].join("\n")),
    etcDir: "/etc",
    entries,
    declared: new Set(),
    scope: createEtcScope([]),
    rightOf: (mount) => rightOf(mount, { ...nobodys, ...rights }),
  });
  return covered.map((path) => `${path}: ${found.get(path)?.why ?? "nobody's"}`);
}

test("what a runtime mounts into its container is its right, there and only for its own files", () => {
  expect(look([docker, podman], { isContainer: true })).toEqual([
    expect.stringContaining("hostname: this node is a container"),
    expect.stringContaining("hosts: this node is a container"),
  ]);
  expect(look([kubernetes], { isContainer: true })).toEqual([expect.stringContaining("its runtime")]);
  expect(look([docker], {})).toEqual(["hosts: nobody's"]);
  expect(look([ssh], { isContainer: true })).toEqual(["ssh: nobody's"]);
});

test("what was there at the first start is its right, whatever its number is now, and nothing else there", () => {
  const first = { marks: marks(ssh), lateMinutes: null };
  expect(look([ssh.replace("50 27", "77 27")], { first })).toEqual([
    expect.stringContaining("first started"),
  ]);
  expect(look([ssh.replace("0:50", "0:51")], { first })).toEqual(["ssh: nobody's"]);
  expect(look([ssh, "60 50 254:0 /tmp/x /etc/ssh rw - ext4 /dev/vda rw"], { first })).toEqual([
    "ssh: nobody's",
  ]);
});

test("an agent that comes to a running machine takes it too, and says that it may be somebody's change", () => {
  expect([lateMinutes(5_000), lateMinutes(3_600_000)]).toEqual([null, 60]);
  const [mount] = parseMountTable(ssh);
  if (mount === undefined) throw new Error("the line is a mount");
  const rights = (minutes: number | null) =>
    rightOf(mount, { ...nobodys, first: { marks: marks(ssh), lateMinutes: minutes } });
  expect(rights(null)?.level).toBe("info");
  expect(rights(60)).toEqual({ level: "warn", why: expect.stringContaining("60 minutes after") });
});

test("what PID 1 does not see is the agent's own unit's", () => {
  expect(look([ssh], { outside: marks(root) })).toEqual([expect.stringContaining("the agent's own unit")]);
  expect(look([ssh], { outside: marks(root, ssh) })).toEqual(["ssh: nobody's"]);
  const strict = "61 27 254:0 /etc /etc ro,relatime - ext4 /dev/vda rw";
  expect(look([strict], { outside: marks(root) })).toEqual([expect.stringContaining("the agent's own unit")]);
});
