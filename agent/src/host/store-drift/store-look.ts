/** SHELL. One look at store paths: walk, read where only the bytes can tell, and whatever follows from a difference. */
import { lstatSync } from "node:fs";
import type { DriftItem } from "@chimera/proto/drift";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import {
  judgeHash,
  judgeWalk,
  metadataItem,
  type WalkVerdict,
} from "../../reconcile/store-drift/judge-path.ts";
import { bookKey, readOf, type Read, type ScrubBook } from "../../reconcile/store-drift/scrub-book.ts";
import type { ExpectedPath, WalkFacts } from "../../reconcile/store-drift/store-path.ts";
import { attempt, isAbsent } from "../errno-outcome.ts";
import type { StoreHand } from "./store-hand.ts";
import type { Pace } from "./store-jobs.ts";

export interface StoreLookOptions {
  root: string;
  hand: StoreHand;
  /** What was read is written into it. */
  book: () => ScrubBook;
  onDrift: (expected: ExpectedPath, item: DriftItem) => Promise<void>;
  onClean: (path: StorePath) => void;
  /** The worker could not look at a path. */
  onTrouble: (path: StorePath, message: string) => void;
}

/** `suspects` reads only what a walk makes suspect; the others read every byte, of what was named at once. */
type Depth = "suspects" | "named" | "round";

export interface StoreLook {
  at(paths: readonly ExpectedPath[], depth: Depth): Promise<void>;
  /** Whether nothing differs now; tells nobody. */
  compare(expected: ExpectedPath): Promise<DriftItem | null>;
}

export function createStoreLook(options: StoreLookOptions): StoreLook {
  return {
    async at(paths, depth) {
      const present: ExpectedPath[] = [];
      for (const expected of paths) {
        // Asked here, because the worker's own files may be what is missing.
        if (isPresent(options, expected)) present.push(expected);
        else await differ(options, expected, { kind: "missing" });
      }
      const walked = await walkAll(options, present, depth === "named" ? "soon" : "idle");
      for (const [i, expected] of present.entries()) {
        const facts = walked[i];
        if (facts !== undefined && facts !== null) await lookAt(options, { expected, facts, depth });
      }
    },
    compare: (expected) => compare(options, expected),
  };
}

function isPresent({ root }: StoreLookOptions, { path }: ExpectedPath): boolean {
  const stats = attempt(() => lstatSync(`${root}${path}`));
  return stats.kind === "done" || !isAbsent(stats.errno);
}

async function differ(options: StoreLookOptions, expected: ExpectedPath, facts: WalkFacts): Promise<void> {
  const verdict = judgeWalk(expected, facts, null);
  if (verdict.kind === "drifted") await tellDrift(options, expected, verdict.item);
}

/** Its bytes are not right, so the round does not wait for them. */
async function tellDrift(options: StoreLookOptions, expected: ExpectedPath, item: DriftItem): Promise<void> {
  if (item.kind !== "store-metadata") note(options, expected.path, null);
  await options.onDrift(expected, item);
}

/** One after the other where a worker died over several: `null` for the one that it died over. */
async function walkAll(
  options: StoreLookOptions,
  paths: readonly ExpectedPath[],
  pace: Pace,
): Promise<(WalkFacts | null)[]> {
  if (paths.length === 0) return [];
  try {
    return await options.hand.walk(paths, pace);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const [only, ...others] = paths;
    if (only !== undefined && others.length === 0) {
      options.onTrouble(only.path, errorChain(error));
      return [null];
    }
    const walked: (WalkFacts | null)[] = [];
    for (const path of paths) walked.push(...(await walkAll(options, [path], pace)));
    return walked;
  }
}

async function lookAt(
  options: StoreLookOptions,
  { expected, facts, depth }: { expected: ExpectedPath; facts: WalkFacts; depth: Depth },
): Promise<void> {
  const { path } = expected;
  const last = readOf(options.book(), path, Date.now());
  const verdict = judgeWalk(expected, facts, last[1]);
  if (verdict.kind === "drifted" && !isRead(verdict, depth, last))
    return tellDrift(options, expected, verdict.item);
  if (isRead(verdict, depth, last))
    return readAll(options, expected, { before: facts, pace: depth === "round" ? "idle" : "soon" });
  return verdict.kind === "clean" ? options.onClean(path) : undefined;
}

/** Whether only its bytes can tell. What was read wrong once is not right because it looks right. */
function isRead(verdict: WalkVerdict, depth: Depth, [readAt, verified]: Read): boolean {
  if (verdict.kind === "drifted") return depth !== "suspects" && verdict.item.kind === "store-metadata";
  if (verdict.kind === "unread") return depth !== "suspects" || (readAt > 0 && verified === null);
  return depth !== "suspects" || verdict.kind === "suspect";
}

interface Reading {
  before: WalkFacts;
  pace: Pace;
}

async function readAll(options: StoreLookOptions, expected: ExpectedPath, reading: Reading): Promise<void> {
  try {
    const item = await readOnce(options, expected, reading);
    if (item === null) options.onClean(expected.path);
    else await options.onDrift(expected, item);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    options.onTrouble(expected.path, errorChain(error));
  }
}

/** What changed while it was read is not known to be right now, though it was read right. */
async function readOnce(
  options: StoreLookOptions,
  expected: ExpectedPath,
  { before, pace }: Reading,
): Promise<DriftItem | null> {
  const item = judgeHash(expected, await options.hand.hash(expected, pace), before);
  const [after] = await options.hand.walk([expected], pace);
  const isStill = before.kind === "seen" && after?.kind === "seen" && before.stamp === after.stamp;
  note(options, expected.path, item === null && isStill ? before.stamp : null);
  if (item !== null) return item;
  const metadata = before.kind === "seen" ? before.metadata : null;
  return metadata === null ? null : metadataItem(expected, metadata);
}

function note({ book }: StoreLookOptions, path: StorePath, stamp: string | null): void {
  book().read[bookKey(path)] = [Date.now(), stamp];
}

/** As thorough as a look at what was named. */
async function compare(options: StoreLookOptions, expected: ExpectedPath): Promise<DriftItem | null> {
  const [walked = { kind: "missing" as const }] = await options.hand.walk([expected], "soon");
  const verdict = judgeWalk(expected, walked, null);
  return verdict.kind === "drifted"
    ? verdict.item
    : readOnce(options, expected, { before: walked, pace: "soon" });
}
