/** PURE. Whether a node takes a head: every rule of architecture.md §4, the leaf last, since it costs a request. */
import { errorChain, ChimeraError } from "../errors.ts";
import type { Digest } from "../names.ts";
import type { Envelope } from "../signed/envelope.ts";
import { openHead, type Head, type OpenedHead } from "../signed/head.ts";
import { publicKeyBytes, publicKeyName } from "../signed/keys.ts";
import { comparePlace, maxSerialJump, showPlace } from "../signed/place.ts";
import { verifyLeaf, type Leaf, type LeafProof } from "../signed/world.ts";
import { isQuarantined, newestOf, withLeaf, type TrustState } from "./trust-state.ts";
import {
  isoOf,
  newsTimeOf,
  raiseFloor,
  refused,
  refusedBy,
  silenceOf,
  type Bench,
  type Judge,
  type Refused,
  type Verdict,
} from "./verdict.ts";

export function acceptHead(bench: Bench, envelope: Envelope, proof: LeafProof | null): Verdict {
  let opened: OpenedHead;
  try {
    opened = openHead(envelope, bench.keys.set.roles.publish);
  } catch (error) {
    return explained(bench, refusedBy(error));
  }
  const early = refuseByPlace(bench, opened) ?? refuseByTime(bench, opened);
  if (early !== null) return early;
  if (proof === null) return { kind: "needs-leaf", world: opened.head.world };
  return takeWithLeaf(bench, { opened, envelope, proof });
}

/** A node that was away over a rotation meets heads of keys that were right then: nobody can mend that but a publisher. */
function explained({ keys: { set } }: Bench, verdict: Refused): Refused {
  if (verdict.code !== "signature-invalid") return verdict;
  const { publish } = set.roles;
  const names = publish.keys.map(publicKeyName).join(", ");
  const due = `by key set ${set.version} ${publish.threshold} of ${names} sign heads`;
  return refused(verdict.code, `${verdict.reason}; ${due}: if the keys were rotated, publish a new head`);
}

/** This node's own leaf; throws leaf-unproven with the part that does not hold. */
export function proveOwnLeaf(
  proof: LeafProof,
  head: Head,
  { node, nodeKey }: Pick<Judge, "node" | "nodeKey">,
): Leaf {
  const leaf = readProven(proof, head, node);
  if (!publicKeyBytes(leaf.nodeKey).equals(publicKeyBytes(nodeKey))) {
    throw new ChimeraError("leaf-unproven", "the proven leaf names another node key than this machine's");
  }
  return leaf;
}

type Early = Extract<Verdict, { kind: "known" | "refused" }> | null;

function refuseByPlace(bench: Bench, { head, id, signedBy }: OpenedHead): Early {
  const { state, keys } = bench;
  if (head.fleetId !== state.fleetId) {
    return refused("fleet-mismatch", `head is for fleet ${head.fleetId}`, signedBy);
  }
  const at = showPlace(head);
  if (id === state.head?.id) return { kind: "known" };
  const newest = newestOf(state);
  const order = newest === null ? 1 : comparePlace(head, newest.place);
  if (newest !== null && order === 0)
    return equivocation(bench, { kept: newest.id, other: id, at, signedBy });
  if (newest !== null && order < 0) {
    const text = `head ${at} is below the accepted ${showPlace(newest.place)}`;
    return refused("order-stale", text, signedBy);
  }
  const jump = jumpOf({ state, keys }, head);
  if (jump !== null) return refused("order-jump", `head ${at} ${jump}`, signedBy);
  return refuseUnanswered(state, { head, at, signedBy });
}

/** Until a panic is answered by a head that names it, whoever signed on top of the undone one had not seen it. */
function refuseUnanswered(
  { panic }: TrustState,
  { head, at, signedBy }: { head: Head; at: string; signedBy: string[] },
): Early {
  if (panic === null || [panic.id, ...panic.aliases].some((id) => id === head.previous)) return null;
  return refused(
    "panic-not-followed",
    `head ${at} does not follow the panic of ${showPlace(panic.panic)}`,
    signedBy,
  );
}

function refuseByTime(bench: Bench, { head, signedBy }: OpenedHead): Early {
  const { keys, judge } = bench;
  const nowMs = newsTimeOf(bench);
  const at = showPlace(head);
  if (Date.parse(head.notAfter) < nowMs) {
    return refused("head-expired", `head ${at} expired at ${head.notAfter}`, signedBy);
  }
  if (Date.parse(keys.set.expires) < nowMs) {
    return refused("keys-expired", `key set ${keys.set.version} expired at ${keys.set.expires}`, signedBy);
  }
  const silence = silenceOf(bench);
  if (silence === null || silence <= judge.freshSeconds * 1000) return null;
  const since = bench.state.fresh === null ? "was ever heard" : `since ${bench.state.fresh.at} was heard`;
  return refused(
    "freeze-suspected",
    `no word of the controller's online key ${since}: this node is kept from news, or its clock is ahead`,
    signedBy,
  );
}

interface Candidate {
  opened: OpenedHead;
  envelope: Envelope;
  proof: LeafProof;
}

function takeWithLeaf({ state, judge }: Bench, { opened, envelope, proof }: Candidate): Verdict {
  const { head, id, signedBy } = opened;
  let leaf: Leaf;
  try {
    leaf = proveOwnLeaf(proof, head, judge);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return refused(error.code, errorChain(error), signedBy);
  }
  if (isQuarantined(state, leaf.toplevel)) {
    return refused(
      "quarantined",
      `head ${showPlace(head)} wants ${leaf.toplevel}, which is in quarantine`,
      signedBy,
    );
  }
  const acceptedAt = isoOf(judge.nowMs);
  const record = { world: head.world, head: id, proof, toplevel: leaf.toplevel, committedAt: null };
  const next: TrustState = {
    ...state,
    head: { id, acceptedAt, head, envelope, proof },
    panic: null,
    equivocation: null,
    leaves: withLeaf(state.leaves, record),
  };
  return { kind: "accepted", state: raiseFloor(next, head.createdAt), id, signedBy };
}

/** Why nobody may go that far, as the end of a sentence; null where they may. A panic's head is held to it as well. */
export function jumpOf({ state, keys }: Pick<Bench, "state" | "keys">, head: Head): string | null {
  if (head.epoch !== keys.set.epoch) return `is of another epoch than key set ${keys.set.version}`;
  const newest = newestOf(state);
  // A node that has accepted nothing cannot know how far its fleet is.
  if (newest === null) return null;
  const from = newest.place.epoch === head.epoch ? newest.place.serial : 0;
  return head.serial - from > maxSerialJump ? "is too far above the accepted one: only root may reset" : null;
}

/** Keep the first, say so, begin nothing until somebody signs a higher one. */
export function equivocation(
  { state, judge }: Bench,
  { kept, other, at, signedBy }: { kept: Digest; other: Digest; at: string; signedBy: string[] },
): Refused {
  const verdict = refused("order-equivocation", `two documents of place ${at} with other bytes`, signedBy);
  if (state.equivocation !== null) return verdict;
  return { ...verdict, state: { ...state, equivocation: { kept, other, at: isoOf(judge.nowMs) } } };
}

/** A proven leaf that this agent cannot read, as a newer format, is an answer too, not a bug. */
function readProven(proof: LeafProof, { world, size, fleetId }: Head, node: Judge["node"]): Leaf {
  try {
    return verifyLeaf(proof, { world, size, fleetId }, node);
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("leaf-unproven", "the proven leaf is in a form that this agent does not know", {
      cause,
    });
  }
}
