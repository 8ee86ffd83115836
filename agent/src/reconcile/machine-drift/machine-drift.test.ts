/** Names of units, kernel parameters, modules and accounts as tables. */
import { expect, test } from "vitest";
import { createIsIgnored, modeOfClass, modesOfClasses } from "./drift-class.ts";
import { compareAccounts } from "./compare-accounts.ts";
import { findDeclaration, readAccountsJson, readSysusers } from "./expected-accounts.ts";
import { buildOfImage, compareBuild, foreignModules, moduleFiles } from "./kernel-modules.ts";
import { bootedToplevel, compareParameters } from "./kernel-parameters.ts";
import { declaredUnits, isDeclaredDropInFolder, isDeclaredUnit, isSetProperty } from "./unit-overrides.ts";

const units = declaredUnits([
  "app.service",
  "app@.service",
  "tuned.service.d",
  "multi-user.target.wants",
  "notes",
]);

test.for<[string, boolean]>([
  ["app.service", true],
  ["app@one.service", true],
  ["app@one@two.service", false],
  ["tuned.service", true],
  ["other.service", false],
  ["app.timer", false],
  ["notes", false],
  ["multi-user.target.wants", false],
])("a whole unit %s shadows one of the closure: %s", ([name, expected]) => {
  expect(isDeclaredUnit(name, units)).toBe(expected);
});

test.for<[string, boolean]>([
  ["app.service.d", true],
  ["app@one.service.d", true],
  ["service.d", true],
  ["timer.d", false],
  ["tu-.service.d", false],
  ["other.service.d", false],
  ["app.service.wants", false],
])("drop-ins in %s are read by a unit of the closure: %s", ([name, expected]) => {
  expect(isDeclaredDropInFolder(name, units)).toBe(expected);
});

test("drop-ins of a beginning of a name are read by each unit that begins so", () => {
  const declared = declaredUnits(["lab-app-1.service"]);
  expect(isDeclaredDropInFolder("lab-.service.d", declared)).toBe(true);
  expect(isDeclaredDropInFolder("lab-app-.service.d", declared)).toBe(true);
  expect(isDeclaredDropInFolder("lab-app-.socket.d", declared)).toBe(false);
});

const header = '# This is a drop-in unit file extension, created via "systemctl set-property"\n';
test.for<[string, string, boolean]>([
  ["50-CPUWeight.conf", `${header}[Service]\nCPUWeight=50\n`, true],
  ["50-DeviceAllow.conf", `${header}[Service]\nDeviceAllow=\nDeviceAllow=/dev/null rw\n`, true],
  ["50-CPUWeight.conf", "[Service]\nCPUWeight=50\n", false],
  ["50-ExecStart.conf", `${header}[Service]\nExecStart=/tmp/evil\n`, false],
  ["50-CPUWeight.conf", `${header}[Service]\nCPUWeight=50\nUser=root\n`, false],
  ["50-CPUWeight.conf", `${header}[Service]\nCPUWeight=50\\\n`, false],
  ["60-CPUWeight.conf", `${header}[Service]\nCPUWeight=50\n`, false],
])("%s with %j was made by set-property: %s", ([name, text, expected]) => {
  expect(isSetProperty(name, text)).toBe(expected);
});

test.for<[string, string, [string, string] | null]>([
  ["loglevel=4 quiet", "initrd=\\x init=/nix/store/a/init quiet loglevel=4\n", null],
  ["loglevel=4", "loglevel=7 init=/bin/sh", ["without loglevel=4", "with loglevel=7"]],
  ["quiet", "quiet rd.break systemd.debug-shell", ["as declared", "with rd.break systemd.debug-shell"]],
  ['a="b c"', 'a="b c" BOOT_IMAGE=/kernel', null],
  ["", "", null],
])("parameters %j started as %j", ([declared, found, expected]) => {
  const item = compareParameters(declared, found);
  expect(item === null ? null : [item.expected.text, item.found.text]).toEqual(expected);
});

test("the booted system is read from the command line, a specialisation with its name", () => {
  const path = `/nix/store/${"0".repeat(32)}-nixos-system-n1`;
  expect(bootedToplevel(`quiet init=${path}/init`)).toBe(path);
  expect(bootedToplevel(`init=${path}/specialisation/slow/init x`)).toBe(`${path}/specialisation/slow`);
  expect(bootedToplevel("init=/bin/sh")).toBeNull();
  expect(bootedToplevel(`xinit=${path}/init`)).toBeNull();
});

test("a loaded module that the booted kernel's folder does not have is told, whatever dashes its name has", () => {
  const dep = "kernel/net/nf-tables.ko.xz: kernel/x.ko.xz\nextra/nvidia.ko:\nkernel/x.ko.xz:\n";
  expect(foreignModules(["nf_tables", "nvidia", "x"], moduleFiles(dep))).toEqual([]);
  expect(foreignModules(["rootkit"], moduleFiles(dep))).toMatchObject([
    { path: "/sys/module/rootkit", kind: "kernel" },
  ]);
  expect(foreignModules(["anything"], moduleFiles(""))).toEqual([]);
});

test("a module's file is what the list names, and never outside of its folder", () => {
  const dep =
    "kernel/a-b.ko.xz: kernel/c.ko\nextra/d.ko.zst:\n../../../tmp/evil.ko:\n/tmp/evil.ko: x\nnonsense\n";
  expect(Object.fromEntries(moduleFiles(dep))).toEqual({ a_b: "kernel/a-b.ko.xz", d: "extra/d.ko.zst" });
});

test("a kernel is the build that its image names, where an image says so", () => {
  const head = Buffer.alloc(2048);
  head.write("HdrS", 0x202, "latin1");
  head.writeUInt16LE(0x400, 0x20e);
  head.write("6.12.1 (nixbld@localhost) #1-NixOS SMP Tue Jan  1 00:00:00 UTC 1980", 0x600, "latin1");
  const named = buildOfImage(head) ?? "";
  const version = "#1-NixOS SMP Tue Jan  1 00:00:00 UTC 1980";
  expect(compareBuild(named, { release: "6.12.1", version })).toBeNull();
  expect(compareBuild(named, { release: "6.12.1", version: "#2 SMP" })).toMatchObject({
    path: "/proc/version",
  });
  expect(compareBuild(named, { release: "6.12.10", version })).not.toBeNull();
  expect(buildOfImage(Buffer.alloc(2048))).toBeNull();
  expect(buildOfImage(head.subarray(0, 0x602))).toBeNull();
  head.writeUInt16LE(0xffff, 0x20e);
  expect(buildOfImage(head)).toBeNull();
});

const storeName = (name: string): string => `/nix/store/${"a".repeat(32)}-${name}`;

const shell = "/run/current-system/sw/bin/bash";
const declared = readAccountsJson({
  mutableUsers: true,
  users: [
    { name: "root", uid: 0, group: "root", home: "/root", shell, password: null },
    { name: "ada", uid: 1000, group: "users", home: "/home/ada", shell },
    { name: "svc", uid: null, group: "svc", home: "/var/empty", shell },
  ],
  groups: [
    { name: "root", gid: 0, members: [] },
    { name: "users", gid: 100, members: [] },
    { name: "svc", gid: null, members: [] },
    { name: "wheel", gid: 1, members: ["ada"] },
  ],
});
const passwd = `root:x:0:0:Root:/root:${shell}\nada:x:1000:100::/home/ada:${shell}\nsvc:x:990:990::/var/empty:${shell}\n`;
const group = "root:x:0:\nusers:x:100:\nsvc:x:990:\nwheel:x:1:ada,guest\n";

test.for<[string, string, string, string[]]>([
  ["nothing", passwd, group, []],
  ["a local user", `${passwd}eve:x:1001:100::/home/eve:/bin/sh\n`, group, []],
  ["a second root", `${passwd}toor:x:0:0::/root:/bin/sh\n`, group, ["/etc/passwd#toor"]],
  ...["00000000000", " 0", "-0", "+0", "\t0"].map((uid): [string, string, string, string[]] => [
    `a second root by the uid ${JSON.stringify(uid)}`,
    `${passwd}toor:x:${uid}:+0::/root:/bin/sh\n`,
    group,
    ["/etc/passwd#toor", "/etc/passwd#toor"],
  ]),
  [
    "a second root behind blanks",
    `${passwd}  toor:x:0:0::/root:/bin/sh\n`,
    group,
    ["/etc/passwd#toor", "/etc/passwd#toor"],
  ],
  [
    "a declared user in another spelling",
    passwd.replace("ada:x:1000", "ada:x:01000"),
    group,
    ["/etc/passwd#ada"],
  ],
  ["a group in another spelling", passwd, `${group}mine:x:+0:eve\n`, ["/etc/group#mine"]],
  ["a note that looks like a root", `${passwd}#toor:x:0:0::/root:/bin/sh\n`, group, []],
  ["another shell", passwd.replace(`/home/ada:${shell}`, "/home/ada:/bin/sh"), group, ["/etc/passwd#ada"]],
  ["another uid", passwd.replace("ada:x:1000", "ada:x:0"), group, ["/etc/passwd#ada", "/etc/passwd#ada"]],
  ["another primary group", passwd.replace("1000:100:", "1000:0:"), group, ["/etc/passwd#ada"]],
  ["a user who is gone", passwd.replace(/ada.*\n/, ""), group, ["/etc/passwd#ada"]],
  ["a uid that the node gave", passwd.replace("svc:x:990", "svc:x:991"), group, []],
  ["a member who is gone", passwd, group.replace("ada,", ""), ["/etc/group#wheel"]],
  ["another gid", passwd, group.replace("wheel:x:1:", "wheel:x:10:"), ["/etc/group#wheel"]],
  ["a group that is gone", passwd, group.replace(/wheel.*\n/, ""), ["/etc/group#wheel"]],
  ["lines that are none", `${passwd}\n::::\nx:y:z\n+::::::\n`, `${group}#\n`, []],
])("accounts with %s", ([, foundUsers, foundGroups, expected]) => {
  const items = compareAccounts(declared, { passwd: foundUsers, group: foundGroups });
  expect(items.map(({ path }) => path)).toEqual(expected);
  expect(new Set(items.map(({ kind }) => kind))).toEqual(new Set(expected.length > 0 ? ["account"] : []));
});

test("where users are not mutable nobody else may be in a declared group", () => {
  if (declared === null) throw new Error("the declaration is understood");
  const items = compareAccounts({ ...declared, isMutable: false }, { passwd, group });
  expect(items).toMatchObject([{ path: "/etc/group#wheel", found: { text: "gid 1 members ada,guest" } }]);
});

test("without a declaration a second root is told all the same", () => {
  const items = compareAccounts(null, { passwd: `${passwd}toor:x:0:0::/:/bin/sh\n`, group });
  expect(items).toMatchObject([{ path: "/etc/passwd#toor", expected: { type: "missing" } }]);
});

test("the declaration is found in the activation script, in userborn's unit, and in lines of sysusers", () => {
  expect(findDeclaration(`perl x.pl ${storeName("users-groups.json")}\n`)).toBe(
    storeName("users-groups.json"),
  );
  expect(findDeclaration(`ExecStart=userborn ${storeName("userborn.json")} /etc`)).toBe(
    storeName("userborn.json"),
  );
  expect(findDeclaration("nothing")).toBeNull();
  const lines =
    'u ada 1000:users "Ada L" /home/ada /bin/bash\ng users 100\nu svc /var/x:svc "" - -\nm ada wheel\n';
  expect(readSysusers(lines)).toEqual({
    users: [
      { name: "ada", uid: 1000, group: "users", home: "/home/ada", shell: "/bin/bash" },
      { name: "svc", uid: null, group: "svc", home: null, shell: null },
    ],
    groups: [
      { name: "users", gid: 100, members: [] },
      { name: "wheel", gid: null, members: ["ada"] },
    ],
    isMutable: true,
  });
  expect(readAccountsJson({ users: "x" })).toBeNull();
});

test("by default pointers and wrappers are put back; what is to be put back or left else is named", () => {
  const byDefault = modesOfClasses({ mode: "revert", classes: {} });
  expect(byDefault).toMatchObject({ pointers: "revert", units: "report", wrappers: "revert" });
  expect(modeOfClass({ mode: "revert", classes: {} }, "mounts")).toBe("report");
  expect(modeOfClass({ mode: "ignore", classes: {} }, "mounts")).toBe("ignore");
  expect(modeOfClass({ mode: "report", classes: { mounts: "revert" } }, "mounts")).toBe("revert");
  expect(modesOfClasses({ mode: "report", classes: { units: "revert" } })).toEqual({
    pointers: "report",
    units: "revert",
    wrappers: "report",
    kernel: "report",
    accounts: "report",
  });
});

test("the configuration's globs ignore beyond /etc too, hidden names as well", () => {
  const isIgnored = createIsIgnored([{ glob: "/run/systemd/system/app.service.d/**", reason: "by hand" }]);
  const item = { kind: "unit-override", expected: { type: "missing" }, found: { type: "file" } } as const;
  expect(isIgnored({ ...item, path: "/run/systemd/system/app.service.d/.x.conf" })).toBe(true);
  expect(isIgnored({ ...item, path: "/run/systemd/system/b.service.d/x.conf" })).toBe(false);
});
