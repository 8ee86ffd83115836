/** SHELL. Proposals in the bucket: read with every signature checked again, hidden when one does not hold. */
import { Proposal } from "@chimera/proto/api";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId } from "@chimera/proto/names";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import { isVouchedFor, openProposal, type OpenedProposal } from "../fleet/judge-proposal.ts";
import type { Bucket, Expected } from "./bucket.ts";
import { readJson } from "./read-envelope.ts";

export interface OpenProposal extends Proposal, OpenedProposal {
  id: Digest;
  envelope: Proposal["envelope"];
}

export interface ProposalStore {
  /** Newest first, but last what nobody of the fleet stands behind. */
  list(keys: OpenedKeySet): Promise<OpenProposal[]>;
  put(proposal: Proposal, expected: Expected): Promise<number | "moved">;
  /** For what was published, and for what is over: a proposal that cannot be taken away spoils nothing. */
  forget(id: Digest): Promise<void>;
}

function rank(proposal: OpenedProposal, keys: OpenedKeySet): number {
  return isVouchedFor(proposal, keys) ? 0 : 1;
}

interface Options {
  bucket: Bucket;
  fleetId: FleetId;
  log: Log;
}

export function createProposalStore({ bucket, fleetId, log }: Options): ProposalStore {
  const open = proposalReader({ fleetId, log });
  return {
    async list(keys) {
      const messages = await bucket.newest(subjects.proposal(fleetId, "*"));
      return messages
        .flatMap((message) => open(message, keys))
        .toSorted(
          (a, b) => rank(a, keys) - rank(b, keys) || Date.parse(b.createdAt) - Date.parse(a.createdAt),
        );
    },
    put: ({ id, kind, envelope, createdAt }, expected) =>
      bucket.write(
        subjects.proposal(fleetId, id),
        { id, kind, envelope, createdAt } satisfies Proposal,
        expected,
      ),
    async forget(id) {
      try {
        await bucket.forget(subjects.proposal(fleetId, id));
      } catch (error) {
        if (!(error instanceof ChimeraError)) throw error;
        log.warn({ id, error }, "proposal not taken away");
      }
    },
  };
}

/** Nothing for what is no proposal, or none that anybody signed who may. */
function proposalReader({ fleetId, log }: Pick<Options, "fleetId" | "log">) {
  return (message: JsMsg, keys: OpenedKeySet): OpenProposal[] => {
    const proposal = readJson(message, Proposal);
    if (proposal === undefined || message.subject !== subjects.proposal(fleetId, proposal.id)) return [];
    try {
      const opened = openProposal(proposal.envelope, keys);
      return opened.id === proposal.id ? [{ ...proposal, ...opened, kind: opened.proposed.kind }] : [];
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      log.warn({ id: proposal.id, reason: errorChain(error).slice(0, 500) }, "stored proposal refused");
      return [];
    }
  };
}
