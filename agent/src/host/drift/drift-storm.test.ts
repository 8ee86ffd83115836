/** Many things at once: random tampering while sweeps run, a queue of events that overflows, a large /etc. */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { attempt } from "../errno-outcome.ts";
import { createEtcFixture, plainDeclaration, type DeclaredFile, type EtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

let fixture: EtcFixture;

afterEach(() => fixture.remove(), 60_000);

const at = (path: string): string => join(fixture.etc, path);

/** The same numbers in every run, so that a failure can be repeated (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Each leaves something else at `path`; a parent that is gone at the moment is part of the game. */
const tamperings: readonly ((path: string) => void)[] = [
  (path) => rmSync(path, { recursive: true, force: true }),
  (path) => {
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, "evil\n");
  },
  (path) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    writeFileSync(join(path, "inside"), "evil\n");
  },
  (path) => {
    rmSync(path, { recursive: true, force: true });
    symlinkSync("/root", path);
  },
  (path) => chmodIfFile(path),
  // The name is in the way of nobody: the same path may be moved away twice.
  (path) => renameSync(path, `${path}.away-${performance.now()}`),
];

function chmodIfFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  chmodSync(path, 0o4777);
  chownSync(path, 4711, 4711);
}

function manyEntries(count: number): Record<string, DeclaredFile> {
  const declared: Record<string, DeclaredFile> = { ...plainDeclaration };
  for (let index = 0; index < count; index += 1)
    declared[`many/${index % 20}/entry-${index}`] =
      index % 10 === 0 ? { text: `file ${index}\n`.repeat(100), mode: "0640" } : { text: `link ${index}\n` };
  return declared;
}

test(
  "after 200 random tamperings during sweeps and reverts /etc is exactly as declared",
  { timeout: 60_000 },
  async () => {
    fixture = createEtcFixture(manyEntries(100));
    const pristine = snapshotEtc(fixture.etc);
    const paths = [...(await fixture.expected()).entries.keys()];
    const random = createRandom(20_261_123);
    const drift = fixture.start({ sweepMs: 20 });
    await drift.sweepNow();
    for (let round = 0; round < 200; round += 1) {
      const path = paths[random(paths.length)] ?? "static";
      // A directory that a link replaced leads to /root: nothing there is ours to tamper with.
      const tamper = tamperings[random(tamperings.length)];
      // What is being put back is gone for a moment.
      if (isInside(path)) attempt(() => tamper?.(at(path)));
      await setTimeout(random(8));
    }
    await vi.waitFor(() => expect(declaredPart(snapshotEtc(fixture.etc))).toEqual(pristine), {
      timeout: 20_000,
    });
    await drift.sweepNow();
    expect(drift.summary()).toMatchObject({ openCount: 0 });
    expect(drift.summary().reverted).toBeGreaterThan(100);
  },
);

/** Without what the tamperings left beside the declared entries: that is nobody's to remove. */
function declaredPart(snapshot: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...snapshot].filter(([path]) => !path.includes(".away-") && !path.endsWith("/inside")));
}

function isInside(path: string): boolean {
  const names = path.split("/").slice(0, -1);
  return names.every((_, index) =>
    lstatSync(at(names.slice(0, index + 1).join("/")), { throwIfNoEntry: false })?.isDirectory(),
  );
}

test("a sweep of 2,000 entries takes less than a second of CPU", { timeout: 60_000 }, async () => {
  fixture = createEtcFixture(manyEntries(2000));
  const drift = fixture.start();
  await drift.sweepNow();
  const before = process.cpuUsage();
  await drift.sweepNow();
  const { user, system } = process.cpuUsage(before);
  expect(drift.summary().managed).toBeGreaterThan(2000);
  expect((user + system) / 1000).toBeLessThan(1000);
});

test(
  "of 1,500 files that change at once none is missed, and each is told and kept once",
  { timeout: 120_000 },
  async () => {
    fixture = createEtcFixture(manyEntries(1500));
    const pristine = snapshotEtc(fixture.etc);
    const drift = fixture.start();
    await drift.sweepNow();
    for (let index = 0; index < 1500; index += 1) {
      const path = at(`many/${index % 20}/entry-${index}`);
      rmSync(path);
      writeFileSync(path, `changed ${index}\n`);
    }
    await drift.sweepNow();
    await vi.waitFor(() => expect(snapshotEtc(fixture.etc)).toEqual(pristine), { timeout: 60_000 });
    await drift.sweepNow();
    expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 1500 });
    const told = fixture.events.flatMap((event) =>
      event.type === "drift-reverted" ? [event.data.item.path] : [],
    );
    expect(new Set(told).size).toBe(1500);
    expect(told).toHaveLength(1500);
    expect(readdirSync(join(fixture.stateDir, "evidence"))).toHaveLength(1500);
  },
);
