/** Kernel and accounts: what is only told. On a real file system, as root. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { createAccountsSource } from "./accounts-source.ts";
import { createKernelSource } from "./kernel-source.ts";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const found = () =>
  fixture().events.flatMap((event) =>
    event.type === "drift-found"
      ? [`${event.data.kind} ${event.data.path} ${event.data.found.text ?? ""}`]
      : [event.type],
  );

beforeEach(() => {
  const { root, write } = fixture();
  mkdirSync(join(root, "store/system/kernel-modules/lib/modules/6.12.1"), { recursive: true });
  write("store/system/kernel-modules/lib/modules/6.12.1/modules.dep", "kernel/good.ko.xz:\n");
  write("store/system/kernel-params", "loglevel=4");
  symlinkSync(fixture().toplevel, join(root, "run/booted-system"));
  write("proc/cmdline", "init=/nix/store/x/init loglevel=4\n");
  write("proc/sys/kernel/osrelease", "6.12.1\n");
  write("sys/module/builtin/version", "1\n");
  write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  write("etc/group", "root:x:0:\n");
});

const kernel = () => fixture().start({ sources: [createKernelSource(fixture().places)] });
const accounts = () => fixture().start({ sources: [createAccountsSource(fixture().places)] });

test("a kernel as the booted system declares it is none of anybody's business", async () => {
  await kernel().sweepNow();
  expect(fixture().events).toEqual([]);
});

test("parameters, a module of nobody's and one that was forced are each told once", async () => {
  const { write } = fixture();
  write("proc/cmdline", "init=/nix/store/x/init loglevel=7 rd.break\n");
  write("sys/module/rootkit/initstate", "live\n");
  write("sys/module/good/initstate", "live\n");
  write("sys/module/good/taint", "OF\n");
  const drift = kernel();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(found().toSorted()).toEqual([
    // Of a module made up here nobody says which build it is.
    "alarm",
    "kernel /proc/cmdline with loglevel=7 rd.break",
    "kernel /sys/module/good loaded by force",
    "kernel /sys/module/rootkit loaded, and not a module of the booted system",
  ]);
  expect(drift.summary()).toMatchObject({ openCount: 3, reverted: 0 });
});

const note = (id: string) => Buffer.from(`040000001400000003000000474e5500${id}`, "hex");
const [declared, other] = ["ab".repeat(20), "cd".repeat(20)];
const load = (name: string, id: string): void => {
  fixture().write(`sys/module/${name}/initstate`, "live\n");
  const file = fixture().write(`sys/module/${name}/notes/.note.gnu.build-id`, "");
  writeFileSync(file, note(id));
};

test("a module of another build than the booted system's is told, however it is packed there", async () => {
  const modules = "store/system/kernel-modules/lib/modules/6.12.1";
  const packers = { xz: ["xz"], zst: ["zstd", "--rm", "--quiet"], gz: ["gzip"] } as const;
  const names = ["plain", ...Object.keys(packers)];
  for (const name of names) {
    const file = fixture().write(`${modules}/kernel/${name}-mod.ko`, "");
    writeFileSync(
      file,
      Buffer.concat([
        Buffer.alloc(5000, name),
        note(declared.replace("ab", name.length.toString(16).padStart(2, "0"))),
      ]),
    );
  }
  for (const [end, [packer, ...args]] of Object.entries(packers))
    execFileSync(packer, [...args, join(fixture().root, `${modules}/kernel/${end}-mod.ko`)]);
  const dep = names.map((name) => `kernel/${name}-mod.ko${name === "plain" ? "" : `.${name}`}:\n`).join("");
  fixture().write(`${modules}/modules.dep`, dep);
  for (const name of names)
    load(`${name}_mod`, declared.replace("ab", name.length.toString(16).padStart(2, "0")));
  const drift = kernel();
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  for (const name of names) load(`${name}_mod`, other);
  await drift.sweepNow();
  await drift.sweepNow();
  expect(found().toSorted()).toEqual(
    names.map((name) => `kernel /sys/module/${name}_mod another build, ${other}`).toSorted(),
  );
  load("plain_mod", declared.replace("ab", "05"));
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 3 });
});

test("the build of another module of the same closure, or a module that is not of the kernel's tree in the place of one that is, is told", async () => {
  const modules = "store/system/kernel-modules/lib/modules/6.12.1";
  const ids = { one: "01".repeat(20), two: "02".repeat(20), out: "03".repeat(20) };
  for (const [name, id] of Object.entries(ids)) {
    const tree = Buffer.from(name === "out" ? "\0" : "license=GPL\0intree=Y\0", "latin1");
    writeFileSync(fixture().write(`${modules}/kernel/${name}.ko`, ""), Buffer.concat([tree, note(id)]));
    load(name, id);
  }
  fixture().write(`${modules}/modules.dep`, "kernel/one.ko:\nkernel/two.ko:\nkernel/out.ko:\n");
  fixture().write("sys/module/out/taint", "OE\n");
  const drift = kernel();
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  load("two", ids.one);
  fixture().write("sys/module/one/taint", "O\n");
  await drift.sweepNow();
  expect(found().toSorted()).toEqual([
    "kernel /sys/module/one a module that is not of the kernel's own tree",
    `kernel /sys/module/two another build, ${ids.one}`,
  ]);
});

test("what says of no build that it is, and a module that cannot be unpacked, is said once and no difference", async () => {
  const modules = "store/system/kernel-modules/lib/modules/6.12.1";
  const drift = kernel();
  fixture().write(`${modules}/kernel/good.ko.xz`, "garbage");
  load("good", declared);
  for (let count = 0; count < 3; count += 1) await drift.sweepNow();
  rmSync(join(fixture().root, "sys/module/good/notes"), { recursive: true });
  for (let count = 0; count < 3; count += 1) await drift.sweepNow();
  expect(fixture().events).toMatchObject([
    { type: "alarm", data: { message: expect.stringContaining("could not unpack its modules: xz:") } },
    { type: "alarm", data: { message: expect.stringContaining("of no build that they are: good") } },
    { type: "alarm", data: { message: expect.stringMatching(/^over: .*could not unpack/u) } },
  ]);
  expect(drift.summary().unseen).toEqual([expect.stringContaining("of no build that they are: good")]);
  expect(drift.summary().openCount).toBe(0);
});

test("another kernel than the booted system's is told, and its modules are not compared with the wrong list", async () => {
  fixture().write("proc/sys/kernel/osrelease", "6.6.6\n");
  fixture().write("sys/module/rootkit/initstate", "live\n");
  await kernel().sweepNow();
  expect(found()).toEqual(["kernel /proc/sys/kernel/osrelease 6.6.6"]);
});

test("in a container nobody's kernel is compared", async () => {
  fixture().write("run/systemd/container", "systemd-nspawn\n");
  fixture().write("proc/cmdline", "other\n");
  await kernel().sweepNow();
  expect(fixture().events).toEqual([]);
});

test("a second root is met by the watch, and over when it is gone", async () => {
  const { root, write } = fixture();
  const drift = accounts();
  await drift.sweepNow();
  const passwd = join(root, "etc/passwd");
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n");
  const line = "account /etc/passwd#toor uid 0 gid 0 home / shell /bin/sh";
  await vi.waitFor(() => expect(found()).toEqual([line]), { timeout: 5000 });
  write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  await vi.waitFor(() => expect(drift.summary().openCount).toBe(0), { timeout: 5000 });
});

test("a database that is a pipe blocks nobody, and is an open difference until it is a file again", async () => {
  const { root } = fixture();
  execFileSync("sh", ["-c", 'rm "$1" && mkfifo "$1"', "sh", join(root, "etc/passwd")]);
  const drift = accounts();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(found()).toEqual(["account /etc/passwd "]);
  expect(drift.summary().open).toMatchObject([
    { path: "/etc/passwd", found: { type: "other", detail: "no file of at most 8 MiB" } },
  ]);
  rmSync(join(root, "etc/passwd"));
  fixture().write("etc/passwd", `root:x:0:0::/root:/bin/sh\n${"#".repeat(8 * 1024 * 1024)}`);
  await drift.sweepNow();
  expect(drift.summary().open).toMatchObject([{ path: "/etc/passwd", found: { type: "file" } }]);
  fixture().write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  await drift.sweepNow();
  expect(drift.summary().openCount).toBe(0);
});

test("users of sysusers are compared with what the closure says of them", async () => {
  fixture().write(
    "store/system/etc/sysusers.d/00-nixos.conf",
    'u ada 1000:users "Ada" /home/ada /bin/bash\ng users 100\n',
  );
  await accounts().sweepNow();
  expect(found()).toEqual(["account /etc/passwd#ada ", "account /etc/group#users "]);
});

test("who was added to a group that hands out rights is told as information, where users are mutable", async () => {
  const lines = "g wheel 1\ng users 100\n";
  fixture().write("store/system/etc/sysusers.d/00-nixos.conf", lines);
  fixture().write("etc/group", "root:x:0:\nwheel:x:1:evil\nusers:x:100:eve\n");
  await accounts().sweepNow();
  expect(found()).toEqual(["account /etc/group#wheel gid 1 members evil"]);
});
