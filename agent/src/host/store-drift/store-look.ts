/** SHELL. One look at store paths: walk, and read where only the bytes can tell. What a difference means is for the next look to say. */
import { lstatSync } from "node:fs";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import {
  isStill,
  judgeReading,
  judgeWalk,
  withRights,
  type Looked,
  type WalkVerdict,
} from "../../reconcile/store-drift/judge-path.ts";
import { bookKey, readOf, type Read, type ScrubBook } from "../../reconcile/store-drift/scrub-book.ts";
import type { ExpectedPath, WalkFacts } from "../../reconcile/store-drift/store-path.ts";
import { attempt, isAbsent } from "../errno-outcome.ts";
import type { StoreHand } from "./store-hand.ts";
import type { Pace } from "./store-jobs.ts";
import { findRights } from "./store-rights.ts";

export interface StoreLookOptions {
  root: string;
  hand: StoreHand;
  /** What was read is written into it. */
  book: () => ScrubBook;
  onLooked: (expected: ExpectedPath, looked: Looked) => Promise<void>;
}

/** `suspects` and `again` read only what a walk makes suspect, `again` at once; so does `named`, every byte, and `round` at leisure. */
type Depth = "suspects" | "again" | "named" | "round";

export interface StoreLook {
  at(paths: readonly ExpectedPath[], depth: Depth): Promise<void>;
  /** As thorough as a look at what was named; tells nobody. */
  compare(expected: ExpectedPath): Promise<Looked>;
}

export function createStoreLook(options: StoreLookOptions): StoreLook {
  return {
    async at(paths, depth) {
      const present: ExpectedPath[] = [];
      for (const expected of paths) {
        // Asked here, because the worker's own files may be what is missing.
        if (isPresent(options, expected)) present.push(expected);
        else await tell(options, expected, judgeWalk(expected, { kind: "missing" }, null));
      }
      const isUrgent = depth === "named" || depth === "again";
      const walked = await walkAll(options, present, isUrgent ? "soon" : "idle");
      for (const [i, expected] of present.entries()) {
        const facts = walked[i];
        const sinceMs = Date.now();
        if (facts === undefined || "reason" in facts) await tell(options, expected, facts);
        else await lookAt(options, { expected, facts, depth });
        // One of which nothing could be said must not come again and again in place of all others.
        if (depth === "round" && readOf(options.book(), expected.path, Infinity)[0] < sinceMs)
          note(options, expected.path, null);
      }
    },
    compare: (expected) => attemptLook(() => compare(options, expected)),
  };
}

function isPresent({ root }: StoreLookOptions, { path }: ExpectedPath): boolean {
  const stats = attempt(() => lstatSync(`${root}${path}`));
  return stats.kind === "done" || !isAbsent(stats.errno);
}

/** Wrong bytes do not wait for the round. What only a walk saw says nothing of them where it looks right. */
async function tell(
  options: StoreLookOptions,
  expected: ExpectedPath,
  verdict: WalkVerdict | undefined,
): Promise<void> {
  if (verdict === undefined || verdict.kind === "suspect") return;
  if (verdict.kind === "drifted" && verdict.item.kind !== "store-metadata")
    note(options, expected.path, null);
  await options.onLooked(expected, verdict);
}

type Unlooked = Extract<Looked, { kind: "unknown" }>;

/** One after the other where a worker died over several: then it is known over which. */
async function walkAll(
  options: StoreLookOptions,
  paths: readonly ExpectedPath[],
  pace: Pace,
): Promise<(WalkFacts | Unlooked)[]> {
  if (paths.length === 0) return [];
  try {
    return await options.hand.walk(paths, pace);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    if (paths.length === 1) return [workerDied(error)];
    const walked: (WalkFacts | Unlooked)[] = [];
    for (const path of paths) walked.push(...(await walkAll(options, [path], pace)));
    return walked;
  }
}

function workerDied(error: ChimeraError): Unlooked {
  return { kind: "unknown", reason: "worker", at: errorChain(error), wasRead: false };
}

async function lookAt(
  options: StoreLookOptions,
  { expected, facts, depth }: { expected: ExpectedPath; facts: WalkFacts; depth: Depth },
): Promise<void> {
  const last = readOf(options.book(), expected.path, Date.now());
  const verdict = judgeWalk(expected, facts, last[1]);
  if (!isRead(verdict, depth, last)) return tell(options, expected, verdict);
  const pace = depth === "round" ? "idle" : "soon";
  const looked = await attemptLook(async () => {
    const read = await readOnce(options, expected, { before: facts, pace });
    return isSuspect(verdict, depth) ? lookForRights(options, expected, read) : read;
  });
  return options.onLooked(expected, looked);
}

/** Not where it is only its turn to be read: each path would cost a process. */
function isSuspect({ kind }: WalkVerdict, depth: Depth): boolean {
  return kind !== "clean" && (kind !== "unread" || depth !== "round");
}

async function lookForRights(
  options: StoreLookOptions,
  expected: ExpectedPath,
  looked: Looked,
): Promise<Looked> {
  if (looked.kind !== "clean" && looked.kind !== "drifted") return looked;
  const place = `${options.root}${expected.path}`;
  const rights = await findRights(place);
  if (rights.kind === "none") return looked;
  // It looks right to every walk, so what was read of it must not count.
  note(options, expected.path, null);
  if (rights.kind === "unknown") return { kind: "unknown", reason: "worker", at: rights.why, wasRead: true };
  const attributes = [...new Set([...rights.byFile.values()].flat())];
  const [file = place] = rights.byFile.keys();
  return withRights(expected, looked, { at: file.slice(place.length + 1) || ".", attributes });
}

/** Whether only its bytes can tell. What was read wrong once is not right because it looks right. */
function isRead(verdict: WalkVerdict, depth: Depth, [readAt, verified]: Read): boolean {
  const isEveryByte = depth === "named" || depth === "round";
  if (verdict.kind === "unknown") return false;
  if (verdict.kind === "drifted") return isEveryByte && verdict.item.kind === "store-metadata";
  if (verdict.kind === "unread") return isEveryByte || (readAt > 0 && verified === null);
  return isEveryByte || verdict.kind === "suspect";
}

async function attemptLook(look: () => Promise<Looked>): Promise<Looked> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return workerDied(error);
  }
}

/** What changed while it was read is not known to be right now, though it was read right. */
async function readOnce(
  options: StoreLookOptions,
  expected: ExpectedPath,
  { before, pace }: { before: WalkFacts; pace: Pace },
): Promise<Looked> {
  const hashed = await options.hand.hash(expected, pace);
  const [after = { kind: "missing" as const }] = await options.hand.walk([expected], pace);
  const looked = judgeReading(expected, { before, hashed, after });
  const areBytesRight = hashed.kind === "hashed" && hashed.sha256 === expected.narSha256;
  const isVerified = areBytesRight && isStill({ before, after }) && before.kind === "seen";
  note(options, expected.path, isVerified ? before.stamp : null);
  return looked;
}

function note({ book }: StoreLookOptions, path: StorePath, stamp: string | null): void {
  book().read[bookKey(path)] = [Date.now(), stamp];
}

async function compare(options: StoreLookOptions, expected: ExpectedPath): Promise<Looked> {
  const [before = { kind: "missing" as const }] = await options.hand.walk([expected], "soon");
  const verdict = judgeWalk(expected, before, null);
  if (verdict.kind === "drifted" || verdict.kind === "unknown") return verdict;
  return lookForRights(options, expected, await readOnce(options, expected, { before, pace: "soon" }));
}
