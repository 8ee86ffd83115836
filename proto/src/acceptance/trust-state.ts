/**
 * PURE. All that a node has accepted, in one document: on disk before anything is done with it, never lower than it was.
 * Fields are only ever added, with a default: an agent of an older system must be able to read what a newer one wrote. It
 * leaves what it does not know in the file.
 */
import { z } from "zod";
import { DriftException, maxDriftExceptions } from "../drift-policy.ts";
import { Digest, FleetId, IsoTime, StorePath, WorldId } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import { Fresh } from "../signed/fresh.ts";
import { Head } from "../signed/head.ts";
import { openPinnedKeySet, type OpenedKeySet } from "../signed/key-set.ts";
import { maxQuarantine, Nonce } from "../signed/order.ts";
import { Panic, panicPlace } from "../signed/panic.ts";
import { comparePlace, type Place } from "../signed/place.ts";
import { LeafProof } from "../signed/world.ts";

/** Orders of this many nonces are remembered until they could not be used any more. */
export const maxNonces = 4096;
/** With whatever a newer agent keeps beside it. */
const KeptException = DriftException.loose();

/** Worlds whose leaf is kept: the way back needs no network. */
export const maxLeaves = 16;
const maxQuarantinedHere = 64;
const maxDenialReason = 256;

/** This node's leaf of a world that it accepted, proven then. */
export const LeafRecord = z.object({
  world: WorldId,
  /** Id of the head that brought it. */
  head: Digest,
  proof: LeafProof,
  toplevel: StorePath,
  /** When this node committed that toplevel under that head; null while it has not. */
  committedAt: IsoTime.nullable(),
});
export type LeafRecord = z.infer<typeof LeafRecord>;

export const AcceptedHead = z.object({
  id: Digest,
  acceptedAt: IsoTime,
  head: Head,
  envelope: Envelope,
  proof: LeafProof,
});
export type AcceptedHead = z.infer<typeof AcceptedHead>;

export const AcceptedPanic = z.object({
  id: Digest,
  /** Further documents that undo the same head for the same world: a head may follow any of them. */
  aliases: z.array(Digest).max(16),
  acceptedAt: IsoTime,
  panic: Panic,
  envelope: Envelope,
  /** Where this node goes back to, as decided when it accepted; null where it knew no way. */
  target: StorePath.nullable().optional(),
});
export type AcceptedPanic = z.infer<typeof AcceptedPanic>;

export const Hold = z.object({
  until: IsoTime,
  drift: z.boolean(),
  evenPanic: z.boolean(),
  author: z.string().max(256),
  reason: z.string().max(1024),
});
export type Hold = z.infer<typeof Hold>;

export const TrustState = z.object({
  v: z.literal(1),
  fleetId: FleetId,
  /** The newest key set; it only rises. */
  keys: Envelope,
  head: AcceptedHead.nullable(),
  /** Until a newer head is accepted. */
  panic: AcceptedPanic.nullable(),
  /** Two documents of one place: nothing is begun until a higher one is accepted. */
  equivocation: z.object({ kept: Digest, other: Digest, at: IsoTime }).nullable(),
  /** Newest time in a document that an operator signed. No clock may show less. */
  clockFloor: IsoTime.nullable(),
  fresh: Fresh.nullable(),
  nonces: z.array(z.object({ nonce: Nonce, notAfter: IsoTime })).max(maxNonces),
  /** Newest `notAfter` of a nonce that was forgotten: whatever was due by then is refused, even if a clock goes back. */
  ordersFloor: IsoTime.nullable().default(null),
  hold: Hold.nullable(),
  /** `createdAt` of the newest hold or release that was carried out. */
  holdChangedAt: IsoTime.nullable(),
  /** What signed orders say of drift, newest last; absent until the first one. */
  driftExceptions: z.array(KeptException).max(maxDriftExceptions).optional(),
  quarantine: z
    .object({ serial: z.int().positive(), id: Digest, toplevels: z.array(StorePath).max(maxQuarantine) })
    .nullable(),
  /** What this node refuses by itself: it can only deny. */
  quarantinedHere: z
    .array(z.object({ toplevel: StorePath, reason: z.string().max(maxDenialReason), at: IsoTime }))
    .max(maxQuarantinedHere),
  /** Newest last. */
  leaves: z.array(LeafRecord).max(maxLeaves),
});
export type TrustState = z.infer<typeof TrustState>;

/** Of a node that has accepted nothing yet. Throws fleet-mismatch or signature-invalid for a wrong `trustedKeys`. */
export function initialTrust(trustedKeys: Envelope, fleetId: FleetId): TrustState {
  const { envelope } = openPinnedKeySet(trustedKeys, fleetId);
  return {
    v: 1,
    fleetId,
    keys: envelope,
    head: null,
    panic: null,
    equivocation: null,
    clockFloor: null,
    fresh: null,
    nonces: [],
    ordersFloor: null,
    hold: null,
    holdChangedAt: null,
    quarantine: null,
    quarantinedHere: [],
    leaves: [],
  };
}

/** Of an envelope the answer is always the same, and half of what a head costs: it is found once for each object. */
const openedKeys = new WeakMap<Envelope, OpenedKeySet>();

export function openKeys({ keys, fleetId }: Pick<TrustState, "keys" | "fleetId">): OpenedKeySet {
  const known = openedKeys.get(keys);
  if (known?.fleetId === fleetId) return known;
  const opened = openPinnedKeySet(keys, fleetId);
  openedKeys.set(keys, opened);
  return opened;
}

/** The highest document that was accepted: what a newer one must be above. */
export function newestOf({
  head,
  panic,
}: Pick<TrustState, "head" | "panic">): { place: Place; id: Digest } | null {
  const undone = panic === null ? null : { place: panicPlace(panic.panic), id: panic.id };
  if (head === null) return undone;
  const { epoch, serial } = head.head;
  const own = { place: { epoch, serial, rank: 0 }, id: head.id };
  return undone !== null && comparePlace(undone.place, own.place) > 0 ? undone : own;
}

export function isQuarantined(
  state: Pick<TrustState, "quarantine" | "quarantinedHere">,
  toplevel: StorePath,
): boolean {
  return (
    state.quarantine?.toplevels.includes(toplevel) === true ||
    state.quarantinedHere.some((entry) => entry.toplevel === toplevel)
  );
}

/** Denies a toplevel on this node: the oldest denial makes room for the newest. */
export function quarantineHere(
  state: TrustState,
  entry: { toplevel: StorePath; reason: string; at: string },
): TrustState {
  const others = state.quarantinedHere.filter(({ toplevel }) => toplevel !== entry.toplevel);
  const bounded = { ...entry, reason: entry.reason.slice(0, maxDenialReason) };
  return { ...state, quarantinedHere: [...others, bounded].slice(-maxQuarantinedHere) };
}

/** Remembers that this node committed the leaf that a head gave it. */
export function markCommitted(state: TrustState, head: Digest, at: string): TrustState {
  const isOpen = state.leaves.some((leaf) => leaf.head === head && leaf.committedAt === null);
  if (!isOpen) return state;
  const leaves = state.leaves.map((leaf) => (leaf.head === head ? { ...leaf, committedAt: at } : leaf));
  return { ...state, leaves };
}

/** With one record more; the one that was committed last is never what makes room. */
export function withLeaf(leaves: readonly LeafRecord[], record: LeafRecord): LeafRecord[] {
  if (leaves.length < maxLeaves) return [...leaves, record];
  const lastGood = leaves.findLastIndex(({ committedAt }) => committedAt !== null);
  const oldest = lastGood === 0 ? 1 : 0;
  return [...leaves.toSpliced(oldest, 1), record];
}
