import { expect, test } from "vitest";
import { compareFstab } from "./compare-fstab.ts";

const line = (text: string): string => `${text}\n`;

test("each change of a file system asks for its own treatment", () => {
  const from = [
    "/dev/a / ext4 rw 0 1",
    "/dev/b /nix ext4 rw",
    "/dev/c /data ext4 rw",
    "/dev/d /opt/my-files ext4 rw",
    "/dev/e /gone ext4 rw",
    "/dev/f /auto nfs x-systemd.automount,ro",
    "/dev/s none swap sw",
  ];
  const to = [
    "/dev/a2 / ext4 rw 0 1",
    "/dev/b2 /nix ext4 ro",
    "/dev/c2 /data ext4 rw",
    "/dev/d /opt/my-files ext4 ro",
    "/dev/n /new ext4 rw",
    "/dev/t none swap sw",
  ];
  expect(compareFstab(from.map(line).join(""), to.map(line).join(""))).toEqual({
    leave: ["-.mount"],
    reload: ["nix.mount", "opt-my\\x2dfiles.mount"],
    restart: ["data.mount"],
    stop: ["gone.mount", "auto.automount"],
    mount: ["/new"],
    swapoff: ["/dev/s"],
    swapon: ["/dev/t"],
  });
});

test("comments, half lines and none at all are no file systems", () => {
  const nothing = { leave: [], reload: [], restart: [], stop: [], mount: [], swapoff: [], swapon: [] };
  expect(compareFstab("# /dev/a /a ext4\n/dev/b /b\n\n/dev/c /c ext4 # x\n", "")).toEqual(nothing);
});
