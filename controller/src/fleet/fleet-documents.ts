/** PURE. All that decides what a fleet shall run, as it was found in the store: verified, in order, each once. */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { comparePlace, maxSerialJump, type PlaceLike } from "@chimera/proto/signed/place";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import type { Digest } from "@chimera/proto/names";

export interface FleetDocuments {
  /** The newest key set. */
  keys: OpenedKeySet;
  /** Of its entry; 0 where nodes do not find it: the bucket lost it, or somebody wrote past it. */
  keysRevision: number;
  /** Highest order first, each once; only this fleet's, and only what the publish role signed. */
  heads: StoredHead[];
  /** Of the newest entry, whoever wrote it: what the next head must name. */
  headRevision: number;
  /** The newest panic that undoes one of the heads. */
  panic: StoredPanic | null;
  /** Others that undo the same head for the same world: they are the same panic. */
  panicAliases: Digest[];
  /** Of the newest entry, whoever wrote it. */
  panicRevision: number;
  rollout: RolloutRecord | null;
}

/** The panic that undoes the newest head; any other is over. */
export function standingPanic({ heads, panic }: Pick<FleetDocuments, "heads" | "panic">): StoredPanic | null {
  return panic !== null && panic.panic.undoes === heads[0]?.id ? panic : null;
}

/** By order and not by revision: an old head that somebody wrote again is not the newest for that. Of equals the first leads. */
export function headsInOrder(heads: readonly StoredHead[]): StoredHead[] {
  const newestCopy = new Map(withoutJumps(heads).map((stored) => [stored.id, stored]));
  return [...newestCopy.values()].toSorted((a, b) => comparePlace(b.head, a.head));
}

/**
 * Heads in the order in which they were stored, as nodes would have taken them: one that jumps too far was written straight to
 * NATS, and it must not keep every later one out. Where what came before it is gone, what came after it tells.
 */
function withoutJumps(heads: readonly StoredHead[]): StoredHead[] {
  const first = heads.findIndex(
    ({ head }, at) => !heads.slice(at + 1).some((later) => isTooFar(head, later.head)),
  );
  let highest: PlaceLike | null = null;
  return heads.slice(Math.max(first, 0)).filter(({ head }) => {
    if (highest !== null && isTooFar(head, highest)) return false;
    if (highest === null || comparePlace(head, highest) > 0) highest = head;
    return true;
  });
}

/**
 * Heads as nodes take them: once a panic is stored for the newest head, only a head that names it as its predecessor counts.
 * One that was signed without having seen the panic and written straight to NATS must not become what others build on.
 */
export function answeringHeads(heads: readonly StoredHead[], panics: readonly StoredPanic[]): StoredHead[] {
  const kept: StoredHead[] = [];
  let newest: Newest = { head: null, unanswered: [] };
  for (const entry of [...heads, ...panics].toSorted((a, b) => a.revision - b.revision)) {
    if ("panic" in entry) {
      newest = undone(newest, entry);
      continue;
    }
    const isAbove = newest.head === null || comparePlace(entry.head, newest.head.head) > 0;
    if (isAbove && !answers(entry, newest.unanswered)) continue;
    kept.push(entry);
    if (isAbove) newest = { head: entry, unanswered: [] };
  }
  return kept;
}

interface Newest {
  head: StoredHead | null;
  /** The panic that undoes it, under each of its names. */
  unanswered: StoredPanic[];
}

function undone({ head, unanswered }: Newest, panic: StoredPanic): Newest {
  const [first] = unanswered;
  const counts = first === undefined ? head !== null && undoes(panic, head) : isSamePanic(first, panic);
  return { head, unanswered: counts ? [...unanswered, panic] : unanswered };
}

function answers({ head }: StoredHead, unanswered: readonly StoredPanic[]): boolean {
  return unanswered.length === 0 || unanswered.some(({ id }) => id === head.previous);
}

function undoes({ panic }: StoredPanic, { id, head }: StoredHead): boolean {
  return id === panic.undoes && comparePlace(head, panic) === 0;
}

function isSamePanic({ panic: a }: StoredPanic, { panic: b }: StoredPanic): boolean {
  return a.undoes === b.undoes && a.world === b.world;
}

function isTooFar(to: PlaceLike, from: PlaceLike): boolean {
  if (to.epoch < from.epoch) return false;
  return to.serial - (to.epoch === from.epoch ? from.serial : 0) > maxSerialJump;
}

/**
 * The panic of the highest place, of those that undo a head which the publish role signed: what the panic key alone says
 * changes nothing. Two for one head and one world are one; of two worlds the first counts, as at the nodes.
 */
export function newestPanic(
  panics: readonly StoredPanic[],
  heads: readonly StoredHead[],
): Pick<FleetDocuments, "panic" | "panicAliases"> {
  const undoing = panics.filter((panic) => heads.some((head) => undoes(panic, head)));
  const [first] = undoing.toSorted((a, b) => comparePlace(b.panic, a.panic));
  if (first === undefined) return { panic: null, panicAliases: [] };
  const same = undoing.filter((one) => isSamePanic(first, one));
  const shown = same.at(-1) ?? first;
  const others = new Set(same.map(({ id }) => id).filter((id) => id !== shown.id));
  return { panic: shown, panicAliases: [...others].slice(-16) };
}
