/** PURE. What a fleet was to run at a time in its past: by the same rule as now, over what had been said by then. */
import { observedWorld, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import type { Panic } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";

export interface PastHead {
  id: Digest;
  head: Head;
  /** By the clock of the store. */
  storedAt: string;
}

export interface PastPanic {
  id: Digest;
  panic: Panic;
  storedAt: string;
}

export interface Past {
  /** Genuine ones, in any order. */
  heads: readonly PastHead[];
  panics: readonly PastPanic[];
  /** Of any head, in any order. Nobody signs them. */
  records: readonly RolloutRecord[];
}

export type InForce = Exclude<Effective, { kind: "none" }>;

/**
 * A head is in force from when its author signed it; where the store has it later, both times must lead to one world, or a
 * person is to say which. A panic has no time of its own: from when it was stored. Throws world-unknown for a time of which
 * nothing is known, usage for one that two worlds share.
 */
export function effectiveAt(atMs: number, past: Past): InForce {
  const [signed, stored] = [
    pick(atMs, past, ({ head }) => head.createdAt),
    pick(atMs, past, (head) => head.storedAt),
  ];
  if (signed === null) throw new ChimeraError("world-unknown", beforeAll(atMs, past.heads));
  requireWhole(signed.head, past);
  if (stored !== null && stored.effective.world !== signed.effective.world) {
    throw new ChimeraError("usage", twoTimes(atMs, signed, stored));
  }
  return signed.effective;
}

interface Picked {
  head: PastHead;
  effective: InForce;
}

function pick(
  atMs: number,
  { heads, panics, records }: Past,
  timeOf: (head: PastHead) => string,
): Picked | null {
  const [head] = heads
    .filter((one) => Date.parse(timeOf(one)) <= atMs)
    .toSorted((a, b) => comparePlace(b.head, a.head));
  if (head === undefined) return null;
  const panic = panics.find(({ panic: { undoes }, storedAt }) => {
    return undoes === head.id && Date.parse(storedAt) <= atMs;
  });
  const rollout = records
    .filter((record) => record.head === head.id && Date.parse(record.at) <= atMs)
    .toSorted((a, b) => b.lease - a.lease || Date.parse(b.at) - Date.parse(a.at))[0];
  const effective = observedWorld({ head, panic: panic ?? null, rollout: rollout ?? null, nowMs: atMs });
  return effective.kind === "none" ? null : { head, effective };
}

/** What came after this head must follow it, or a panic that is known: else something in between is not kept any more. */
function requireWhole({ id, head }: PastHead, { heads, panics }: Past): void {
  const [next] = heads
    .filter((one) => comparePlace(one.head, head) > 0)
    .toSorted((a, b) => comparePlace(a.head, b.head));
  const previous = next?.head.previous ?? id;
  if (previous === id || panics.some((panic) => panic.id === previous)) return;
  throw new ChimeraError(
    "world-unknown",
    `between head ${showPlace(head)} and ${next === undefined ? "the next" : showPlace(next.head)} was a document that the controller does not keep any more (${shortDigest(previous)}): name a serial or a world`,
  );
}

function beforeAll(atMs: number, heads: readonly PastHead[]): string {
  const [oldest] = heads.toSorted((a, b) => comparePlace(a.head, b.head));
  const at = new Date(atMs).toISOString();
  return oldest === undefined
    ? "there is no head yet, so nothing to go back from"
    : `nothing is known of ${at}: the history begins with head ${showPlace(oldest.head)} of ${oldest.head.createdAt}`;
}

function twoTimes(atMs: number, signed: Picked, stored: Picked): string {
  const nameOf = ({ head: { head }, effective }: Picked) =>
    `${shortDigest(effective.world)} of head ${showPlace(head)}`;
  const { head, storedAt } = comparePlace(signed.head.head, stored.head.head) > 0 ? signed.head : stored.head;
  return (
    `at ${new Date(atMs).toISOString()} two worlds may have been in force: ${nameOf(signed)} by what the authors signed, ` +
    `${nameOf(stored)} by when the controller stored it (head ${showPlace(head)} was signed ${head.createdAt}, stored ${storedAt}): ` +
    `name one of them, or another time`
  );
}
