/** Mount points as closures declare them. */
import { expect, test } from "vitest";
import { fstabTargets, mountUnitTargets, serviceTargets } from "./declared-mounts.ts";

test("fstab: binds, escapes, comments and slashes at the end", () => {
  const fstab = `# This is a generated file.  Do not edit!
/dev/disk/by-label/nixos / ext4 x-initrd.mount 0 1
/persist/etc/NetworkManager/system-connections /etc/NetworkManager/system-connections none bind,X-fstrim.notrim,x-gvfs-hide 0 0
/persist/a\\040b /etc/a\\040b\\134c/ none bind 0 0
	tmpfs	/etc//ssh	tmpfs	x-systemd.automount	0	0

nonsense
`;
  expect(fstabTargets(fstab)).toEqual([
    "/",
    "/etc/NetworkManager/system-connections",
    "/etc/a b\\c",
    "/etc/ssh",
  ]);
});

test.for<[string, string, string[]]>([
  ["etc-ssh.mount", "[Mount]\nWhat=/persist/etc/ssh\nWhere=/etc/ssh\n", ["/etc/ssh", "/etc/ssh"]],
  ["etc-machine\\x2did.mount", "[Mount]\nWhat=/persist/id\n", ["/etc/machine-id"]],
  ["etc-machine\\x2did.mount", "[Mount]\nWhere=etc/machine-id\n", ["/etc/machine-id"]],
  ["etc-a\\x20b\\x5cc.mount", "[Mount]\n  Where = /etc/a b\\c/ \n", ["/etc/a b\\c", "/etc/a b\\c"]],
  ["etc-caf\\xc3\\xa9.mount", "", ["/etc/café"]],
  ["etc-X11.automount", "[Automount]\nWhere=/etc/X11\n", ["/etc/X11", "/etc/X11"]],
  ["etc.mount", "", ["/etc"]],
  ["-.mount", "", ["/"]],
  ["app.service", "Where=/etc/ssh\n", []],
])("the unit %s with %j declares %j", ([name, text, expected]) => {
  expect(mountUnitTargets(name, text)).toEqual(expected);
});

test("a service that hands paths of /etc to a program that mounts declares them, any other does not", () => {
  const persist = `[Service]
ExecStart=/nix/store/x-impermanence-mount-file /etc/shadow /persist/etc/shadow ''
ExecStartPre=+/nix/store/y-util-linux/bin/mount --bind "/persist/a b" '/etc/a b/'
ExecStartPost=/nix/store/z-coreutils/bin/touch /etc/hosts
ExecStop=/nix/store/y-util-linux/bin/umount /etc/ssh
`;
  expect(serviceTargets(persist)).toEqual(["/etc/shadow", "/etc/a b"]);
});
