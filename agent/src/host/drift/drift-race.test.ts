/** Somebody hostile who swaps directories while entries are put back: nothing is made, changed or removed outside. As root. */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { removeOverride } from "../machine-drift/remove-override.ts";
import { revertAttributes } from "./attributes/revert-attributes.ts";
import { useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow } from "./etc-snapshot.ts";
import { createEvidence } from "./evidence.ts";
import { revertEntry } from "./revert-entry.ts";

const { fixture, at } = useEtcFixture();
const nobody = { uid: 0, gid: 0 };

/** Swaps `folder` for a link to `outside` and back, and runs `also` (of fs and folder) each time, at least so often and until it is told to end. */
const swapping = `
  const { parentPort, workerData: { folder, moved, outside, swaps, also, told } } = require("node:worker_threads");
  const fs = require("node:fs");
  const quietly = (act) => { try { act(); } catch { /* the other side was faster */ } };
  const more = new Function("fs", "folder", also);
  const isTold = () => Atomics.load(new Int32Array(told), 0) === 1;
  let made = 0;
  for (let i = 0; made < swaps || !isTold(); i += 1) {
    quietly(() => fs.renameSync(folder, moved + i));
    quietly(() => { fs.symlinkSync(outside, folder); made += 1; });
    quietly(() => fs.unlinkSync(folder));
    quietly(() => fs.renameSync(moved + i, folder));
    quietly(() => more(fs, folder));
  }
  parentPort.postMessage(made);`;

interface Swaps {
  folder: string;
  outside: string;
  swaps: number;
  also?: string;
}

/** \`act\` again and again while they are swapped, so often at least; how many swaps there were. */
async function whileSwapped(order: Swaps, { act, times }: { act: () => Promise<void>; times: number }) {
  const told = new SharedArrayBuffer(4);
  const moved = join(fixture().root, "moved-");
  const swapper = new Worker(swapping, { eval: true, workerData: { also: "", ...order, moved, told } });
  const made = new Promise<number>((resolve) => swapper.once("message", resolve));
  let isRunning = true;
  const ended = new Promise<void>((resolve) =>
    swapper.once("exit", () => {
      isRunning = false;
      resolve();
    }),
  );
  for (let done = 0; isRunning; done += 1) {
    if (done >= times) Atomics.store(new Int32Array(told), 0, 1);
    await act();
    await setImmediate();
  }
  await ended;
  return made;
}

/** Whatever is made, renamed or removed in a directory moves these times. */
function timesOf(...folders: readonly string[]): bigint[] {
  return folders.flatMap((folder) => {
    const { mtimeNs, ctimeNs } = lstatSync(folder, { bigint: true });
    return [mtimeNs, ctimeNs];
  });
}

function contextOf() {
  const { etc, stateDir } = fixture();
  const evidence = createEvidence(stateDir);
  return { etcDir: etc, evidence, isCurrent: () => true, isWritable: () => true };
}

test(
  "somebody who swaps a parent for a link 100,000 times gets nothing written outside",
  { timeout: 240_000 },
  async () => {
    const outside = join(fixture().root, "outside");
    const below = join(outside, "authorized_keys.d");
    mkdirSync(below, { recursive: true });
    const before = timesOf(outside, below);
    const { entries } = await fixture().expected();
    const context = contextOf();
    const outcomes = new Map<string, number>();
    const act = async () => {
      for (const path of ["ssh", "ssh/authorized_keys.d", "ssh/authorized_keys.d/root", "ssh/sshd_config"]) {
        const entry = entries.get(path);
        const { kind } = entry === undefined ? { kind: "none" } : await revertEntry(context, entry, nobody);
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      }
    };
    // Only what is not there is written at this name, by itself and by the revert.
    const also = 'fs.unlinkSync(folder + "/authorized_keys.d/root")';
    const swaps = { folder: at("ssh"), outside, swaps: 100_000, also };
    expect(await whileSwapped(swaps, { act, times: 1250 })).toBeGreaterThanOrEqual(100_000);
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(5000);
    expect(outcomes.get("reverted")).toBeGreaterThan(500);
    expect(pathsBelow(outside)).toEqual([below]);
    expect(timesOf(outside, below)).toEqual(before);
    await fixture().start().sweepNow();
    expect(readlinkSync(at("ssh/sshd_config"))).toBe("/etc/static/ssh/sshd_config");
    expect(lstatSync(at("ssh")).isDirectory()).toBe(true);
  },
);

test("nor is an override removed there while its folder is swapped", { timeout: 120_000 }, async () => {
  const { root } = fixture();
  const [units, outside] = [join(root, "units"), join(root, "outside")];
  const folder = join(units, "app.service.d");
  for (const path of [folder, outside]) mkdirSync(path, { recursive: true });
  writeFileSync(join(outside, "x.conf"), "precious\n");
  const before = timesOf(outside, join(outside, "x.conf"));
  const { evidence } = contextOf();
  let removed = 0;
  const act = async () => {
    const place = { root: units, folder: "app.service.d", name: "x.conf" };
    const outcome = await removeOverride(place, { evidence, isCurrent: () => true });
    if (outcome.kind === "reverted") removed += 1;
  };
  const also =
    'fs.writeFileSync(folder + ".new", "evil"); fs.renameSync(folder + ".new", folder + "/x.conf")';
  // An empty folder goes with its last file. While it is a link the worker puts nothing there itself.
  const made = "try { fs.mkdirSync(folder); } catch { /* it is there */ }";
  const guarded = `${made} if (fs.lstatSync(folder).isDirectory()) { ${also} }`;
  await whileSwapped({ folder, outside, swaps: 5_000, also: guarded }, { act, times: 500 });
  expect(removed).toBeGreaterThan(50);
  expect(timesOf(outside, join(outside, "x.conf"))).toEqual(before);
});

test("nor are attributes taken off there", { timeout: 120_000 }, async () => {
  const outside = join(fixture().root, "outside");
  mkdirSync(outside);
  execFileSync("setfattr", ["-n", "user.note", "-v", "precious", outside]);
  const before = timesOf(outside);
  const context = contextOf();
  const entry = { kind: "directory", path: "ssh" } as const;
  const act = async () =>
    void (await revertAttributes(context, { entry, ids: nobody, attributes: ["user.note"] }));
  await whileSwapped({ folder: at("ssh"), outside, swaps: 5_000 }, { act, times: 60 });
  expect(execFileSync("getfattr", ["-m", "-", outside], { encoding: "utf8" })).toContain("user.note");
  expect(timesOf(outside)).toEqual(before);
  if (!existsSync(at("ssh"))) symlinkSync("/nowhere", at("ssh"));
  rmSync(at("ssh"), { recursive: true });
});
