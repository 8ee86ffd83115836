/** Drift beside switches, ours and others', and systems that are not ours; on a real file system, as root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { activate, buildToplevel, plainDeclaration, useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

const { fixture, pristine, at, types } = useEtcFixture();

test("while a switch runs nothing is put back, afterwards it is", async () => {
  let isSwitching = true;
  const drift = fixture().start({ isSwitching: () => isSwitching });
  unlinkSync(at("hostname"));
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  isSwitching = false;
  await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), { timeout: 5000 });
});

test("under a hold with drift each difference is told once and nothing is touched; after it all is put back", async () => {
  let isHeld = true;
  const drift = fixture().start({ isHeld: () => isHeld });
  const unfinished = at(`.chimera-${"0123456789ab".repeat(2)}`);
  unlinkSync(at("hostname"));
  writeFileSync(at("sudoers"), "mended by hand\n");
  symlinkSync("/etc/static/old", at("old"));
  writeFileSync(unfinished, "half");
  const before = snapshotEtc(fixture().etc);
  await drift.sweepNow();
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(before);
  expect(types()).toEqual(["drift-found", "drift-found", "drift-found"]);
  expect(drift.summary()).toMatchObject({ openCount: 3, reverted: 0 });
  // A hint is no way around it either.
  unlinkSync(at("ssh/sshd_config"));
  await vi.waitFor(() => expect(types()).toHaveLength(4), { timeout: 5000 });
  expect(types()).not.toContain("drift-reverted");
  isHeld = false;
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 4 });
});

test("a lock that somebody's switch-to-configuration holds is respected", async () => {
  const lock = join(fixture().root, "switch.lock");
  const holder = spawn("flock", [lock, "sh", "-c", "echo held; read line"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  await once(holder.stdout, "data");
  const drift = fixture().start({ switchLock: lock });
  unlinkSync(at("hostname"));
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  holder.stdin.end("\n");
  await once(holder, "exit");
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
});

test.each(["--shared", "--exclusive"])("a %s lock that another user holds silences nothing", async (kind) => {
  const lock = join(fixture().root, "switch.lock");
  writeFileSync(lock, "", { mode: 0o644 });
  chmodSync(fixture().root, 0o755);
  const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const command = ["flock", kind, lock, "sh", "-c", "echo held; read line"];
  const holder = spawn("setpriv", [...asNobody, ...command], { stdio: ["pipe", "pipe", "ignore"] });
  await once(holder.stdout, "data");
  const drift = fixture().start({ switchLock: lock });
  await drift.sweepNow();
  unlinkSync(at("hostname"));
  await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), { timeout: 5000 });
  expect(drift.summary().lastSweepAt).not.toBeNull();
  holder.stdin.end("\n");
  await once(holder, "exit");
});

test("after a switch to another system that system is the truth, and the watch follows it", async () => {
  let toplevel = fixture().toplevel;
  const drift = fixture().start({ toplevel: () => toplevel });
  await drift.sweepNow();
  const next = {
    ...plainDeclaration,
    sudoers: { text: "root ALL=NOPASSWD: ALL\n", mode: "0400" },
    "new/entry": { text: "x" },
  };
  const other = buildToplevel(fixture().root, "two", next);
  activate(other, fixture().etc);
  toplevel = other;
  await drift.sweepNow();
  const wanted = snapshotEtc(fixture().etc);
  unlinkSync(at("new/entry"));
  writeFileSync(at("sudoers"), "");
  await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(wanted), { timeout: 5000 });
  expect(readFileSync(at("sudoers"), "utf8")).toContain("NOPASSWD");
});

test("the /etc of a system that somebody else activated is left alone until ours is back", async () => {
  const currentSystem = join(fixture().root, "current-system");
  const foreign = buildToplevel(fixture().root, "two", plainDeclaration);
  const named = `/nix/store/${"2".repeat(32)}-nixos-system-two`;
  symlinkSync(fixture().toplevel, currentSystem);
  const drift = fixture().start();
  await drift.sweepNow();
  unlinkSync(currentSystem);
  symlinkSync(named, currentSystem);
  activate(foreign, fixture().etc);
  const theirs = snapshotEtc(fixture().etc);
  await drift.sweepNow();
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(theirs);
  // The system itself is told by the machine's drift, in one place.
  expect(fixture().events).toEqual([]);
  expect(drift.summary()).toMatchObject({
    openCount: 0,
    managed: 0,
    unseen: [`/etc: ${named} runs, which is not the system that was accepted`],
  });
  unlinkSync(currentSystem);
  symlinkSync(fixture().toplevel, currentSystem);
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  expect(drift.summary()).toMatchObject({ openCount: 0 });
});

test.for(["a folder", "a link to another system", "nothing"])(
  "a link to the running system that names %s makes /etc nobody else's, wherever /etc/static leads",
  async (what) => {
    const { root } = fixture();
    const [currentSystem, mine, chain] = [
      join(root, "current-system"),
      join(root, "mine"),
      join(root, "chain"),
    ];
    symlinkSync(fixture().toplevel, currentSystem);
    const drift = fixture().start({ isActivating: () => false });
    await drift.sweepNow();
    mkdirSync(join(mine, "etc"), { recursive: true });
    symlinkSync(`/nix/store/${"2".repeat(32)}-nixos-system-two`, chain);
    const targets: Record<string, string> = { "a folder": mine, "a link to another system": chain };
    for (const [link, target] of [
      [currentSystem, targets[what] ?? join(root, "nowhere")],
      [at("static"), join(mine, "etc")],
    ] as const) {
      unlinkSync(link);
      symlinkSync(target, link);
    }
    writeFileSync(at("sudoers"), "evil\n");
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 2, managed: 11 });
  },
);

test("an activation by hand, which takes no lock, is not undone half-way; one that was given up is", async () => {
  let isActivating = true;
  const drift = fixture().start({ isActivating: () => isActivating });
  await drift.sweepNow();
  const foreign = buildToplevel(fixture().root, "two", plainDeclaration);
  // What it does first; it will move the link to the running system at its very end.
  unlinkSync(at("static"));
  symlinkSync(realpathSync(join(foreign, "etc")), at("static"));
  unlinkSync(at("hostname"));
  const half = snapshotEtc(fixture().etc);
  await drift.sweepNow();
  // Hints are followed too, within milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(snapshotEtc(fixture().etc)).toEqual(half);
  expect(types()).not.toContain("drift-reverted");
  isActivating = false;
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
});

test("while somebody activates what is ours, as a dry one, other changes are put back as ever", async () => {
  const drift = fixture().start({ isActivating: () => true });
  await drift.sweepNow();
  unlinkSync(at("hostname"));
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
});

test("no active system of ours means that nothing is compared", async () => {
  unlinkSync(at("hostname"));
  const drift = fixture().start({ toplevel: () => null });
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  expect(drift.summary()).toMatchObject({ managed: 0, openCount: 0 });
});

test("a toplevel that cannot be read raises one alarm and changes nothing", async () => {
  const drift = fixture().start({ toplevel: () => join(fixture().root, "collected") });
  await drift.sweepNow();
  await drift.sweepNow();
  expect(types()).toEqual(["alarm"]);
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
});
