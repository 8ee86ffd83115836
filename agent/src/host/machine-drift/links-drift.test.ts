/** Links that keep and name the running system; on a real file system, as root. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const other = `/nix/store/${"1".repeat(32)}-nixos-system-other`;
const sh = `/nix/store/${"3".repeat(32)}-bash/bin/sh`;
const env = `/nix/store/${"4".repeat(32)}-coreutils/bin/env`;
const kinds = () =>
  fixture().events.flatMap((event) =>
    event.type === "drift-reverted" ? [`${event.data.item.kind} ${event.data.item.path}`] : [],
  );

function relink(path: string, target: string): void {
  rmSync(path, { force: true, recursive: true });
  symlinkSync(target, path);
}

test("a root of the garbage collector that names something else, or is gone, is put back", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  relink(at("nix/gcroots/current-system"), other);
  unlinkSync(at("nix/gcroots/booted-system"));
  await drift.sweepNow();
  expect(readlinkSync(at("nix/gcroots/current-system"))).toBe("/run/current-system");
  expect(readlinkSync(at("nix/gcroots/booted-system"))).toBe("/run/booted-system");
  expect(kinds().toSorted()).toEqual([
    `missing ${at("nix/gcroots/booted-system")}`,
    `wrong-target ${at("nix/gcroots/current-system")}`,
  ]);
});

test("a root that no script of the system makes may be missing", async () => {
  fixture().write("store/system/init", "\u007fELF");
  unlinkSync(at("nix/gcroots/booted-system"));
  await fixture().start().sweepNow();
  expect(fixture().events).toEqual([]);
});

test("the shell and env, which activation links from the closure, are put back; where no script says so they are nobody's business", async () => {
  fixture().write(
    "store/system/activate",
    `mkdir -p /bin\nln -sfn "${sh}" /bin/.sh.tmp\nmv /bin/.sh.tmp /bin/sh # atomically replace /bin/sh\n` +
      `ln -sfn ${env} /usr/bin/.env.tmp\nmv /usr/bin/.env.tmp /usr/bin/env # atomically replace /usr/bin/env\n`,
  );
  fixture().write("bin/.keep", "");
  fixture().write("usr/bin/.keep", "");
  symlinkSync("/tmp/evil", at("bin/sh"));
  const drift = fixture().start();
  await drift.sweepNow();
  expect([readlinkSync(at("bin/sh")), readlinkSync(at("usr/bin/env"))]).toEqual([sh, env]);
  rmSync(at("bin/sh"));
  writeFileSync(at("bin/sh"), "#!/nix/store/x/bin/sh\nsteal\n");
  await vi.waitFor(() => expect(readlinkSync(at("bin/sh"))).toBe(sh), { timeout: 5000 });
  await drift.stop();
  fixture().write("store/system/activate", "true\n");
  relink(at("bin/sh"), "/tmp/mine");
  await fixture().start().sweepNow();
  expect(readlinkSync(at("bin/sh"))).toBe("/tmp/mine");
});

function declareShell(): void {
  fixture().write(
    "store/system/activate",
    `ln -sfn "${sh}" /bin/.sh.tmp\nmv /bin/.sh.tmp /bin/sh\n` +
      `ln -sfn ${env} /usr/bin/.env.tmp\nmv /usr/bin/.env.tmp /usr/bin/env\n`,
  );
  for (const folder of ["bin", "usr/bin"]) mkdirSync(at(folder), { recursive: true });
  symlinkSync(sh, at("bin/sh"));
  symlinkSync(env, at("usr/bin/env"));
}

test.for<[string, string, string, string]>([
  ["bin", "evil", "bin/sh", sh],
  ["usr/bin", "../evil", "usr/bin/env", env],
])(
  "%s in whose place somebody put a link is a folder again, with its link",
  async ([folder, to, name, target]) => {
    declareShell();
    fixture().write("evil/sh", "#!/evil\n");
    const drift = fixture().start();
    await drift.sweepNow();
    expect(fixture().events).toEqual([]);
    renameSync(at(folder), at(`${folder}.old`));
    symlinkSync(to, at(folder));
    await drift.sweepNow();
    expect(kinds()).toEqual([`parent ${at(folder)}`]);
    expect([lstatSync(at(folder)).isDirectory(), readlinkSync(at(name))]).toEqual([true, target]);
    expect(readdirSync(at("evil"))).toEqual(["sh"]);
    rmSync(at(folder), { recursive: true });
    writeFileSync(at(folder), "mine\n");
    await drift.sweepNow();
    rmSync(at(folder), { recursive: true });
    await drift.sweepNow();
    expect(kinds().slice(1)).toEqual([`parent ${at(folder)}`, `missing ${at(folder)}`]);
    expect([readlinkSync(at(name)), drift.summary().openCount]).toEqual([target, 0]);
  },
);

test("where /bin leads to /usr/bin, as on machines with one /usr, the shell is looked for there", async () => {
  declareShell();
  renameSync(at("bin/sh"), at("usr/bin/sh"));
  relink(at("bin"), "usr/bin");
  const drift = fixture().start();
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  relink(at("usr/bin/sh"), "/tmp/evil");
  await drift.sweepNow();
  expect([readlinkSync(at("bin")), readlinkSync(at("usr/bin/sh"))]).toEqual(["usr/bin", sh]);
});

test("roots of the garbage collector that somebody leads elsewhere, or removes, are told and left", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  renameSync(at("nix/gcroots"), at("nix/gcroots.old"));
  mkdirSync(at("nix/others"));
  symlinkSync(at("nix/others"), at("nix/gcroots"));
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({
    openCount: 1,
    open: [{ path: at("nix/gcroots"), kind: "parent", why: expect.stringContaining("by hand") }],
  });
  expect(readlinkSync(at("nix/gcroots"))).toBe(at("nix/others"));
  rmSync(at("nix/gcroots"));
  await drift.sweepNow();
  expect(drift.summary().open).toMatchObject([{ path: at("nix/gcroots"), kind: "missing" }]);
  renameSync(at("nix/gcroots.old"), at("nix/gcroots"));
  await drift.sweepNow();
  expect(drift.summary().openCount).toBe(0);
  relink(at("nix/gcroots/chimera"), at("nix/others"));
  await drift.sweepNow();
  expect(drift.summary().open).toMatchObject([{ path: at("nix/gcroots/chimera"), kind: "parent" }]);
});

test("the agent's own roots stay where they were when it came to rest, and may move when it does not rest", async () => {
  const [wanted, mine] = [at("nix/gcroots/chimera/wanted"), `/nix/store/${"2".repeat(32)}-nixos-system-mine`];
  symlinkSync(mine, wanted);
  const drift = fixture().start();
  await drift.sweepNow();
  relink(wanted, other);
  await vi.waitFor(() => expect(readlinkSync(wanted)).toBe(mine), { timeout: 5000 });
  unlinkSync(wanted);
  await vi.waitFor(() => expect(readlinkSync(wanted)).toBe(mine), { timeout: 5000 });
});

test("a link to the running system that is gone, or names none, is made again from what really runs", async () => {
  const [link, drift] = [at("run/current-system"), fixture().start()];
  await drift.sweepNow();
  unlinkSync(link);
  await vi.waitFor(() => expect(readlinkSync(link)).toBe(fixture().toplevel), { timeout: 5000 });
  relink(link, "/tmp");
  await vi.waitFor(() => expect(readlinkSync(link)).toBe(fixture().toplevel), { timeout: 5000 });
  rmSync(link);
  mkdirSync(link);
  writeFileSync(join(link, "mine"), "kept\n");
  await vi.waitFor(() => expect(lstatSync(link).isSymbolicLink()).toBe(true), { timeout: 5000 });
  relink(at("etc/static"), "/nix/store/else");
  symlinkSync(other, at("run/chain"));
  for (const target of ["/tmp", at("run/chain"), "/nowhere"]) {
    relink(link, target);
    await drift.sweepNow();
    expect(readlinkSync(link)).toBe(fixture().toplevel);
  }
  // Somebody may be about to make it: who activates by hand moves the other one first.
  unlinkSync(link);
  await drift.sweepNow();
  expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
});

test("the booted system is the one that the kernel was started for, and a container has none", async () => {
  fixture().write("proc/cmdline", `initrd=\\x init=${other}/init quiet\n`);
  symlinkSync("/nix/store/wrong", at("run/booted-system"));
  const drift = fixture().start();
  await drift.sweepNow();
  expect(readlinkSync(at("run/booted-system"))).toBe(other);
  relink(at("run/booted-system"), "/nix/store/of-the-container");
  fixture().write("run/systemd/container", "systemd-nspawn\n");
  await drift.sweepNow();
  expect(readlinkSync(at("run/booted-system"))).toBe("/nix/store/of-the-container");
});

test("of a foreign system nothing is compared, and the loop is woken for it", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  symlinkSync(other, at("run/next"));
  renameSync(at("run/next"), at("run/current-system"));
  fixture().write("run/systemd/system/app.service.d/x.conf", "theirs\n");
  await vi.waitFor(() => expect(fixture().counts.wakes).toBeGreaterThan(0), { timeout: 5000 });
  await drift.sweepNow();
  expect(readlinkSync(at("run/current-system"))).toBe(other);
  expect(fixture().events).toEqual([]);
});
