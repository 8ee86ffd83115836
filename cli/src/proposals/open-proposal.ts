/** PURE. What waits for signatures: what it is, which signatures count, and whether anybody still needs it. */
import type { Proposal } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { canonicalBytes, parseUtf8Json, sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, signersOf, type Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import type { KeySet } from "@chimera/proto/signed/key-set";
import {
  parseProposed,
  proposalKindOf,
  type ProposalKind,
  type Proposed,
} from "@chimera/proto/signed/proposed";
import { eitherRoot } from "../fleet/keys/either-root.ts";
import { rootCounts } from "../fleet/keys/root-counts.ts";
import type { RoleCount } from "../print/proposals/count-text.ts";

export interface OpenedProposal {
  id: Digest;
  proposed: Proposed;
  /** With the signatures that count, and no others. */
  envelope: Envelope;
  createdAt: string;
  counts: RoleCount[];
}

const roleOf = { head: "publish", panic: "panic", order: "order" } as const;

/** The role that signs a kind of document, by its name. */
export function roleName(kind: ProposalKind): "root" | "publish" | "panic" | "order" {
  return kind === "keys" ? "root" : roleOf[kind];
}

/** Throws hash-mismatch when it is not the document of its id, input-invalid when it is none that could be signed. */
export function openProposal(
  { id, envelope, createdAt }: Omit<Proposal, "kind">,
  newest: KeySet,
): OpenedProposal {
  const kind = proposalKindOf(envelope);
  const payload = payloadOf(envelope, kind);
  const found = sha256(payload);
  if (found !== id) throw new ChimeraError("hash-mismatch", `proposal ${id} has the bytes of ${found}`);
  const proposed = parseProposed(kind, envelope);
  requireWhole(payload, proposed.document);
  const counted = countedOnly(envelope, kind, proposalRole(proposed, newest));
  return { id, proposed, envelope: counted, createdAt, counts: countsOf(proposed, counted, newest) };
}

/** Who may sign it; for a key set whoever is in one of the two roots. */
export function proposalRole(proposed: Proposed, newest: KeySet): RoleKeys {
  if (proposed.kind === "keys") return eitherRoot(newest.roles.root, proposed.document.roles.root);
  return newest.roles[roleOf[proposed.kind]];
}

export function isComplete(counts: readonly RoleCount[]): boolean {
  return counts.every(({ signedBy, threshold }) => signedBy.length >= threshold);
}

function countsOf(proposed: Proposed, envelope: Envelope, newest: KeySet): RoleCount[] {
  const { kind } = proposed;
  if (kind === "keys") return rootCounts(newest, proposed.document, envelope);
  const role = newest.roles[roleOf[kind]];
  return [{ role: roleOf[kind], signedBy: signersOf(envelope, { kind, role }), threshold: role.threshold }];
}

/** Whoever carries a proposal could fill it up with signatures of nobody. */
function countedOnly(envelope: Envelope, kind: ProposalKind, role: RoleKeys): Envelope {
  const signatures = envelope.signatures.filter(
    (one) => signersOf({ ...envelope, signatures: [one] }, { kind, role }).length > 0,
  );
  return { ...envelope, signatures };
}

/** Who signs must have seen all of it: a part that this version does not know may mean something to a newer node. */
function requireWhole(payload: Buffer, document: Proposed["document"]): void {
  const json = parseUtf8Json(payload);
  // A name that is there twice is read by its last value here, and perhaps by its first elsewhere.
  const isPlain = JSON.stringify(json) === payload.toString("utf8");
  if (isPlain && canonicalBytes(json).equals(canonicalBytes(document))) return;
  throw new ChimeraError("input-invalid", "it has parts that this version of chimera does not know");
}
