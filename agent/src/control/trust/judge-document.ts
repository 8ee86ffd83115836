/** PURE. The judgement of one document at this node: proto's rules, what was carried out already, and the journal's floor. */
import { accept, type Incoming } from "@chimera/proto/acceptance/accept";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Judge, Verdict } from "@chimera/proto/acceptance/verdict";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Digest } from "@chimera/proto/names";
import { refuseBelow, type Floor } from "./refuse-below.ts";

export function judgeDocument(
  state: TrustState,
  incoming: Incoming,
  { judge, floor }: { judge: Judge; floor: Floor },
): Verdict {
  if (isSpent(state, incoming)) return { kind: "known" };
  const verdict = accept(state, incoming, judge);
  const moves = incoming.kind === "head" || incoming.kind === "panic";
  if (verdict.kind !== "accepted" || !moves) return verdict;
  return refuseBelow(verdict.state, floor, verdict.signedBy) ?? verdict;
}

/** SHA-256 of the payload: the name that whoever signed it knows. */
export function documentId(envelope: Envelope): Digest {
  return sha256(Buffer.from(envelope.payload, "base64"));
}

/**
 * What the store still shows of what was taken: the accepted head and panic, also when the keys that signed them were
 * rotated since; the head that a panic undid; the panic that a head answered.
 */
function isSpent({ head, panic, quarantine }: TrustState, { kind, envelope }: Incoming): boolean {
  const taken: Record<Incoming["kind"], readonly (Digest | null | undefined)[]> = {
    head: [head?.id, panic?.panic.undoes],
    panic: [panic?.id, head?.head.previous],
    order: [quarantine?.id],
    keys: [],
    fresh: [],
  };
  return taken[kind].includes(documentId(envelope));
}
