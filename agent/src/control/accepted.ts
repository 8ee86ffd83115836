/** The newest head that this node accepted, with its own proven leaf: on disk before anything is done with it. */
import { Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import {
  Head,
  judgeHead,
  nothingAccepted,
  openHead,
  type Accepted,
  type OpenedHead,
} from "@chimera/proto/signed/head";
import { publicKeyBytes, type PublicKeyText } from "@chimera/proto/signed/keys";
import { Digest, IsoTime, type FleetId, type NodeName } from "@chimera/proto/names";
import { LeafProof, verifyLeaf, type Leaf } from "@chimera/proto/signed/world";
import { z } from "zod";

export const AcceptedHead = z.object({
  v: z.literal(1),
  id: Digest,
  acceptedAt: IsoTime,
  head: Head,
  envelope: Envelope,
  leaf: LeafProof,
});
export type AcceptedHead = z.infer<typeof AcceptedHead>;

export interface NodeIdentity {
  node: NodeName;
  fleetId: FleetId;
  nodeKey: PublicKeyText;
}

export type HeadReview =
  | { kind: "known" }
  /** Its leaf must be proven before it is accepted. */
  | { kind: "new"; opened: OpenedHead; envelope: Envelope }
  | { kind: "refused"; code: ChimeraError["code"]; message: string; signedBy: string[] };

/** Everything that needs no leaf: signature, fleet, order, expiry. */
export function reviewHead(
  envelope: Envelope,
  { publish, fleetId, accepted }: { publish: RoleKeys; fleetId: FleetId; accepted: Accepted | null },
  nowMs: number,
): HeadReview {
  const opened = tryOpen(envelope, publish);
  if (opened instanceof ChimeraError) {
    return { kind: "refused", code: opened.code, message: opened.message, signedBy: [] };
  }
  const verdict = judgeHead(opened, { fleetId, accepted: accepted ?? nothingAccepted }, nowMs);
  if (verdict.kind === "known") return { kind: "known" };
  if (verdict.kind === "accept") return { kind: "new", opened, envelope };
  return { kind: "refused", code: verdict.code, message: verdict.reason, signedBy: opened.signedBy };
}

/** Throws leaf-unproven when the leaf is not in the signed world, not this node's, or names another node key. */
export function proveOwnLeaf(proof: LeafProof, head: Head, identity: NodeIdentity): Leaf {
  const leaf = readProven(proof, head, identity);
  if (!publicKeyBytes(leaf.nodeKey).equals(publicKeyBytes(identity.nodeKey))) {
    throw new ChimeraError("leaf-unproven", "the proven leaf names another node key than this machine's");
  }
  return leaf;
}

/** A proven leaf that this agent cannot read, as a newer format, is an answer too, not a bug. */
function readProven(proof: LeafProof, { world, size }: Head, { fleetId, node }: NodeIdentity): Leaf {
  try {
    return verifyLeaf(proof, { world, size, fleetId }, node);
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("leaf-unproven", "the proven leaf is in a form that this agent does not know", {
      cause,
    });
  }
}

function tryOpen(envelope: Envelope, publish: RoleKeys): OpenedHead | ChimeraError {
  try {
    return openHead(envelope, publish);
  } catch (error) {
    if (error instanceof ChimeraError) return error;
    throw error;
  }
}
