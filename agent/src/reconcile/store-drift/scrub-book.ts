/** PURE. When the bytes of each store path were last read, and where the round through all of them stands. */
import { Count } from "@chimera/proto/names";
import { z } from "zod";
import type { ExpectedPath } from "./store-path.ts";

/** Read at this time; the stamp of then where the bytes were right, else null. */
const Read = z.tuple([Count, z.string().max(32).nullable()]);
export type Read = z.infer<typeof Read>;

/** On the node's disk, so that a restart goes on where it was. Paths go by the digits before their name. */
export const ScrubBook = z.object({
  v: z.literal(1),
  roundStartedAt: Count,
  /** End of the last round that saw every byte. */
  roundEndedAt: Count.nullable(),
  /** Up to when the reading that was due is done; it may be ahead of the clock. */
  doneUntil: Count,
  read: z.record(z.string().max(32), Read),
});
export type ScrubBook = z.infer<typeof ScrubBook>;

export function newBook(nowMs: number): ScrubBook {
  return { v: 1, roundStartedAt: nowMs, roundEndedAt: null, doneUntil: nowMs, read: {} };
}

export function bookKey(path: string): string {
  return path.slice("/nix/store/".length, "/nix/store/".length + 32);
}

/** A time that is still to come was written by a clock that was wrong: it tells nothing. */
export function readOf(book: ScrubBook, path: string, nowMs: number): Read {
  const read = book.read[bookKey(path)];
  return read === undefined || read[0] > nowMs ? [0, null] : read;
}

/** Another system: what both have stays read, what only the old one had is forgotten. */
export function keepOnly(book: ScrubBook, paths: readonly ExpectedPath[]): ScrubBook {
  const kept = paths.flatMap(({ path }): [string, Read][] => {
    const read = book.read[bookKey(path)];
    return read === undefined ? [] : [[bookKey(path), read]];
  });
  return { ...book, read: Object.fromEntries(kept) };
}

export type NextRead =
  | { kind: "read"; expected: ExpectedPath; dueAt: number }
  | { kind: "wait"; ms: number }
  /** Every byte was seen since the round began. */
  | { kind: "round-ended" };

/** A round is over before its time is, so that two looks at a path are never further apart than that. */
const usedShare = 0.9;
/** What a path costs beside its bytes, as bytes. */
const pathBytes = 64 * 1024;

/** Which path is due, evenly by bytes over what is left of the round's time: oldest first. `nowMs` may lie ahead. */
export function nextRead(
  book: ScrubBook,
  paths: readonly ExpectedPath[],
  { nowMs, roundMs }: { nowMs: number; roundMs: number },
): NextRead {
  const begun = Math.min(book.roundStartedAt, nowMs);
  let bytes = 0;
  let next: { expected: ExpectedPath; at: number } | null = null;
  for (const expected of paths) {
    const [at] = readOf(book, expected.path, nowMs);
    if (at >= begun && at > 0) continue;
    bytes += weight(expected);
    if (next === null || at < next.at) next = { expected, at };
  }
  if (next === null) return paths.length === 0 ? { kind: "wait", ms: roundMs } : { kind: "round-ended" };
  const done = Math.min(book.doneUntil, nowMs);
  const left = Math.max(0, begun + roundMs * usedShare - done);
  const dueAt = Math.ceil(done + (weight(next.expected) / bytes) * left);
  return dueAt <= nowMs
    ? { kind: "read", expected: next.expected, dueAt }
    : { kind: "wait", ms: dueAt - nowMs };
}

/** The next round begins a moment later, or the paths read in this very millisecond would be in both. */
export function endRound(book: ScrubBook, nowMs: number): ScrubBook {
  return { ...book, roundStartedAt: nowMs + 1, roundEndedAt: nowMs };
}

export function verifiedBytes(book: ScrubBook, paths: readonly ExpectedPath[], nowMs: number): number {
  return paths.reduce((sum, { path, narSize }) => {
    const [at, stamp] = readOf(book, path, nowMs);
    return stamp !== null && at >= Math.min(book.roundStartedAt, nowMs) ? sum + narSize : sum;
  }, 0);
}

function weight({ narSize }: ExpectedPath): number {
  return narSize + pathBytes;
}
