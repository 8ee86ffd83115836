/** SHELL. Adds this operator's signatures to a proposal. */
import { mergeSignatures, payloadOf } from "@chimera/proto/signed/envelope";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { roleSigners } from "../signers/role-signers.ts";
import { openProposal, proposalRole, roleName, type OpenedProposal } from "./open-proposal.ts";

/** With what others have added meanwhile. What the controller answers is opened as if it were new. */
export async function signProposal(
  io: Io,
  { api, context, keys }: Pick<Observer, "api" | "context" | "keys">,
  { proposal, files }: { proposal: OpenedProposal; files: readonly string[] },
): Promise<OpenedProposal> {
  const { id, proposed, createdAt } = proposal;
  const { kind } = proposed;
  const newest = keys.newest.set;
  const role = proposalRole(proposed, newest);
  const signers = await roleSigners(io, context, { role: roleName(kind), keys: role, files });
  const own = await signDocument(kind, payloadOf(proposal.envelope, kind), signers);
  const envelope = mergeSignatures(proposal.envelope, own);
  const stored = await api.putProposal(id, envelope);
  const merged = mergeSignatures(envelope, stored.envelope);
  return openProposal({ id, envelope: merged, createdAt }, newest);
}
