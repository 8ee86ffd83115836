/** SHELL. Proposals: signatures of several people are gathered here; who completes them publishes. */
import { maxProposals, type Proposal, type PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import {
  firstOvertaken,
  isVouchedFor,
  mergeProposals,
  openProposal,
  overtakenBy,
  type OpenedProposal,
} from "../fleet/judge-proposal.ts";
import type { FleetDocuments } from "../fleet/fleet-documents.ts";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import type { OpenProposal } from "../store/proposal-store.ts";
import type { Act } from "./audited.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "log">;

const maxUnvouched = 8;

/** Throws hash-mismatch, signature-invalid, or why it is over; then nothing was stored. */
export async function putProposal(
  services: Needed,
  { id, envelope }: PutDocument & { id: Digest },
  act: Act,
): Promise<Proposal> {
  return oneAtATime(services.store.bucket, (expected) => tryPut(services, { id, envelope, act, expected }));
}

async function tryPut(
  { config, store, log }: Needed,
  { id, envelope: put, act, expected }: PutDocument & { id: Digest; act: Act; expected: Expected },
): Promise<Proposal | "moved"> {
  const documents = await store.documents.read();
  const opened = openProposal(put, documents.keys);
  if (opened.id !== id)
    throw new ChimeraError("hash-mismatch", `the document is ${opened.id}, the path names ${id}`);
  const over = overtakenBy(opened, documents, Date.now());
  if (over !== null) throw new ChimeraError(over.code, over.reason);
  const proposals = await store.proposals.list(documents.keys);
  const known = proposals.find((proposal) => proposal.id === id);
  if (known === undefined) {
    requireVouched(opened, proposals, documents);
    await makeRoom({ store }, proposals, documents);
  }
  const base = known ?? { ...opened, createdAt: new Date().toISOString() };
  const envelope = mergeProposals(base, opened, documents.keys);
  const proposal: Proposal = { id, kind: opened.proposed.kind, envelope, createdAt: base.createdAt };
  if (known !== undefined && known.envelope.signatures.length === envelope.signatures.length) return proposal;
  const signatures = envelope.signatures.map(({ keyid }) => keyid);
  const kept = subjects.proposal(config.fleetId, id);
  await act.begin("proposal", { kind: proposal.kind, id, signedBy: signatures, envelope, kept });
  const revision = await store.proposals.put(proposal, expected);
  if (revision === "moved") return revision;
  log.info({ id, kind: proposal.kind, revision, signatures }, "proposal stored");
  return proposal;
}

/** Else whoever stole an operator's token, and no key, would fill the place of all others for ever. */
function requireVouched(
  opened: OpenedProposal,
  proposals: readonly OpenProposal[],
  documents: FleetDocuments,
): void {
  const { keys } = documents;
  if (isVouchedFor(opened, keys)) return;
  const waiting = proposals.filter((other) => overtakenBy(other, documents, Date.now()) === null);
  if (waiting.filter((other) => !isVouchedFor(other, keys)).length < maxUnvouched) return;
  throw new ChimeraError(
    "overloaded",
    `${maxUnvouched} key sets wait that no root key of key set ${keys.set.version} has signed: sign with one of those first`,
  );
}

async function makeRoom(
  { store }: Pick<Needed, "store">,
  proposals: readonly OpenProposal[],
  documents: FleetDocuments,
): Promise<void> {
  if (proposals.length < maxProposals) return;
  const over = firstOvertaken(proposals, documents, Date.now());
  if (over === undefined)
    throw new ChimeraError("overloaded", `${maxProposals} proposals wait for signatures`);
  await store.proposals.forget(over);
}
