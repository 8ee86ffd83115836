import { expect, test } from "vitest";
import { compareFstab, mountUnit } from "./compare-fstab.ts";

test("each change of a file system asks for its own treatment", () => {
  const current = [
    "# comment",
    "/dev/a / ext4 rw 0 1",
    "/dev/b /data ext4 rw 0 2",
    "/dev/c /opt ext4 rw",
    "/dev/e /auto ext4 x-systemd.automount",
    "/dev/d /gone ext4 rw",
    "/dev/s none swap sw",
    "/dev/t none swap sw",
  ].join("\n");
  const next = [
    "/dev/a2 / ext4 rw 0 1",
    "/dev/b2 /data ext4 rw 0 2",
    "/dev/c /opt ext4 ro",
    "/dev/n /new ext4 rw",
    "/dev/t none swap sw",
  ].join("\n");
  expect(compareFstab(current, next)).toEqual({
    restart: ["data.mount"],
    reload: ["opt.mount"],
    stop: ["auto.automount", "gone.mount"],
    skip: ["-.mount"],
    swapoff: ["/dev/s"],
  });
});

test("half lines are ignored", () => {
  expect(compareFstab("/dev/a\n/dev/b /b\n\n", "")).toEqual({
    restart: [],
    reload: [],
    stop: [],
    skip: [],
    swapoff: [],
  });
});

test.each([
  ["/", "-.mount"],
  ["/nix", "nix.mount"],
  ["/mnt/my-disk/a b", "mnt-my\\x2ddisk-a\\x20b.mount"],
  ["/.hidden", "\\x2ehidden.mount"],
])("%s is mounted by %s", (path, unit) => {
  expect(mountUnit(path)).toBe(unit);
});
