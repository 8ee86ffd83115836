/** PURE. What a node goes by when it starts: what it accepted before, or else the keys that it was installed with. */
import { proveOwnLeaf } from "@chimera/proto/acceptance/accept-head";
import { initialTrust, openKeys, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import { Digest, IsoTime, type FleetId, type NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope, parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import { Head, openHead } from "@chimera/proto/signed/head";
import { openPinnedKeySet } from "@chimera/proto/signed/key-set";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { LeafProof } from "@chimera/proto/signed/world";
import { z } from "zod";
import { refuseBelow, type Floor } from "./refuse-below.ts";

/** What agents of the first version kept, in accepted.json. */
export const EarlierAccepted = z.object({
  v: z.literal(1),
  id: Digest,
  acceptedAt: IsoTime,
  head: Head,
  envelope: Envelope,
  leaf: LeafProof,
});
export type EarlierAccepted = z.infer<typeof EarlierAccepted>;

export interface NodeIdentity {
  node: NodeName;
  nodeKey: PublicKeyText;
}

export interface TrustSources {
  stored: TrustState | null;
  earlier: EarlierAccepted | null;
  trustedKeys: Envelope;
  fleetId: FleetId;
  identity: NodeIdentity;
  /** What the journal has begun. */
  floor: Floor;
}

export type TrustStart =
  | { kind: "ready"; state: TrustState }
  /** Nothing is taken: neither can this state be used, nor may it be thrown away by a program. */
  | { kind: "blocked"; code: ErrorCode; message: string };

export function openTrust(sources: TrustSources): TrustStart {
  const { stored, trustedKeys, fleetId } = sources;
  try {
    if (stored === null)
      return { kind: "ready", state: takeOver(initialTrust(trustedKeys, fleetId), sources) };
    if (stored.fleetId !== fleetId) return { kind: "blocked", ...otherFleet(stored.fleetId, fleetId) };
    openKeys(stored);
    return { kind: "ready", state: readAnew(stored) };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "blocked", code: error.code, message: errorChain(error) };
  }
}

/** Throws fleet-mismatch, signature-invalid or input-invalid where the agent could not begin with these. */
export function checkTrustedKeys(trustedKeys: Envelope, fleetId: FleetId): void {
  openPinnedKeySet(trustedKeys, fleetId);
}

/**
 * Of the accepted head an older agent keeps what it understands, as no rule about drift that came with the agent after it. The
 * signed bytes lie beside that.
 */
function readAnew(state: TrustState): TrustState {
  if (state.head === null) return state;
  const { id, envelope } = state.head;
  try {
    const payload = payloadOf(envelope, "head");
    if (sha256(payload) !== id) return state;
    return { ...state, head: { ...state.head, head: parsePayload(payload, Head) } };
  } catch (error) {
    if (error instanceof ChimeraError) return state;
    throw error;
  }
}

function otherFleet(stored: FleetId, fleetId: FleetId): { code: ErrorCode; message: string } {
  const message =
    `this node belongs to fleet ${stored}, its configuration names ${fleetId}: nothing is accepted. ` +
    "If it is to change fleets, stop the agent and move trust.json and journal.json away";
  return { code: "fleet-mismatch", message };
}

/** The head of an older agent counts on as far as it still proves itself; it was taken by the same rules. */
function takeOver(state: TrustState, { earlier, identity, floor }: TrustSources): TrustState {
  if (earlier === null) return state;
  const { envelope, leaf: proof, acceptedAt } = earlier;
  try {
    const { head, id } = openHead(envelope, openKeys(state).set.roles.publish);
    if (head.fleetId !== state.fleetId) return state;
    const { toplevel } = proveOwnLeaf(proof, head, identity);
    const record = { world: head.world, head: id, proof, toplevel, committedAt: null };
    const next = { ...state, head: { id, acceptedAt, head, envelope, proof }, leaves: [record] };
    // It is never written again: where a newer state was lost, it may be far below what runs here.
    return refuseBelow(next, floor, []) === null ? next : state;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return state;
  }
}
