/** PURE. What waits for signatures: whose it is, which signatures count, and when it is over. */
import { jumpOf } from "@chimera/proto/acceptance/accept-head";
import { newestOf } from "@chimera/proto/acceptance/trust-state";
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { Proposal } from "@chimera/proto/api";
import { ChimeraError, type ErrorCode } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Digest } from "@chimera/proto/names";
import { payloadOf, signersOf, signingInput, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { publicKeyName, verifyWith, type PublicKeyText } from "@chimera/proto/signed/keys";
import { panicPlace, type Panic } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace, type PlaceLike } from "@chimera/proto/signed/place";
import {
  parseProposed,
  proposalKindOf,
  type ProposalKind,
  type Proposed,
} from "@chimera/proto/signed/proposed";
import { controllerBench } from "./controller-bench.ts";
import type { FleetDocuments } from "./fleet-documents.ts";

const maxSignatures = 32;

export interface OpenedProposal {
  id: Digest;
  proposed: Proposed;
  envelope: Envelope;
}

/**
 * Every signature must be by a key of the role; a role's own signature is what makes the rest worth reading, except for a key
 * set, which may be signed by its own root first. Throws signature-invalid with the key's name.
 */
export function openProposal(envelope: Envelope, keys: OpenedKeySet): OpenedProposal {
  const kind = proposalKindOf(envelope);
  const id = sha256(payloadOf(envelope, kind));
  const allowed = kind === "keys" ? [] : keys.set.roles[roleOf[kind]].keys;
  if (kind !== "keys") requireAllowed(envelope, kind, allowed);
  const proposed = parseProposed(kind, envelope);
  if (proposed.kind === "keys") {
    requireAllowed(envelope, kind, [...keys.set.roles.root.keys, ...proposed.document.roles.root.keys]);
  }
  return { id, proposed, envelope };
}

const roleOf = { head: "publish", panic: "panic", order: "order" } as const;

function requireAllowed(envelope: Envelope, kind: ProposalKind, allowed: readonly PublicKeyText[]): void {
  for (const signature of envelope.signatures) {
    if (signerOf(envelope, kind, { signature, allowed }) === undefined) {
      throw new ChimeraError(
        "signature-invalid",
        `the signature "${signature.keyid}" is by no key that may sign this ${kind} document`,
      );
    }
  }
}

interface Candidate {
  signature: Envelope["signatures"][number];
  allowed: readonly PublicKeyText[];
}

function signerOf(envelope: Envelope, kind: ProposalKind, { signature, allowed }: Candidate) {
  const signed = signingInput(kind, payloadOf(envelope, kind));
  const bytes = Buffer.from(signature.sig, "base64");
  return allowed.find((key) => publicKeyName(key) === signature.keyid && verifyWith(key, signed, bytes));
}

/** The signatures of both, one for each key: one key could make any number of them. Both were opened before. */
export function mergeProposals(known: OpenedProposal, added: OpenedProposal, keys: OpenedKeySet): Envelope {
  const { kind, document } = known.proposed;
  const allowed =
    kind === "keys"
      ? [...keys.set.roles.root.keys, ...document.roles.root.keys]
      : keys.set.roles[roleOf[kind]].keys;
  // Under both its names where the old and the new root have one key under two.
  const byKey = new Map<PublicKeyText, Candidate["signature"]>();
  for (const signature of [...known.envelope.signatures, ...added.envelope.signatures]) {
    const key = signerOf(known.envelope, kind, { signature, allowed });
    if (key !== undefined && !byKey.has(key)) byKey.set(key, signature);
  }
  const signatures = [...byKey.values()];
  if (signatures.length <= maxSignatures) return { ...known.envelope, signatures };
  throw new ChimeraError("input-invalid", `a document holds at most ${maxSignatures} signatures`);
}

/** Why nobody needs to sign it any more; null while somebody may. */
export function overtakenBy(
  { proposed }: Pick<OpenedProposal, "proposed">,
  documents: FleetDocuments,
  nowMs: number,
): { code: ErrorCode; reason: string } | null {
  const foreign = refuseForeign(proposed, documents);
  if (foreign !== null) return foreign;
  switch (proposed.kind) {
    case "keys": {
      const { version } = documents.keys.set;
      const ahead = proposed.document.version - version;
      if (ahead === 1) return null;
      return ahead < 1
        ? { code: "keys-stale", reason: `key set ${version} is there already` }
        : { code: "keys-skipped", reason: `key set ${version + 1} is due` };
    }
    case "head":
      return headOver(proposed.document, documents, nowMs);
    case "panic":
      return panicOver(proposed.document, documents);
    case "order": {
      const { notAfter } = proposed.document;
      if (msOf(notAfter) >= nowMs) return null;
      return { code: "order-expired", reason: `the order was to be carried out by ${notAfter}` };
    }
  }
}

function headOver(head: Head, documents: FleetDocuments, nowMs: number) {
  const bench = controllerBench(documents, nowMs);
  const jump = jumpOf(bench, head);
  if (jump !== null) return { code: "order-jump" as const, reason: `head ${showPlace(head)} ${jump}` };
  if (msOf(head.notAfter) < nowMs) {
    return { code: "head-expired" as const, reason: `the head expired at ${head.notAfter}` };
  }
  return belowNewest(head, documents, "order-stale");
}

function panicOver({ undoes, epoch, serial }: Panic, documents: FleetDocuments) {
  const [newest] = documents.heads;
  if (undoes === newest?.id) return belowNewest(panicPlace({ epoch, serial }), documents, "panic-void");
  return { code: "panic-void" as const, reason: "the head that it undoes is not the newest" };
}

function refuseForeign({ document }: Proposed, { keys }: FleetDocuments) {
  if (document.fleetId === keys.fleetId) return null;
  return { code: "fleet-mismatch" as const, reason: `it is for fleet ${document.fleetId ?? "none"}` };
}

function belowNewest(place: PlaceLike, documents: FleetDocuments, code: ErrorCode) {
  const newest = newestOf(controllerBench(documents, 0).state);
  if (newest === null || comparePlace(place, newest.place) > 0) return null;
  return { code, reason: `${showPlace(place)} is not above ${showPlace(newest.place)}` };
}

/** Whether anybody whom the fleet knows stands behind it: a key set may carry its own root's signature alone, and anybody makes one. */
export function isVouchedFor({ proposed, envelope }: OpenedProposal, { set }: OpenedKeySet): boolean {
  return proposed.kind !== "keys" || signersOf(envelope, { kind: "keys", role: set.roles.root }).length > 0;
}

/** Which of too many goes: the one that is over for the longest time; none while all are still wanted. */
export function firstOvertaken(
  proposals: readonly (Proposal & { proposed: Proposed })[],
  documents: FleetDocuments,
  nowMs: number,
): Digest | undefined {
  return proposals
    .filter((proposal) => overtakenBy(proposal, documents, nowMs) !== null)
    .toSorted((a, b) => msOf(a.createdAt) - msOf(b.createdAt))[0]?.id;
}
