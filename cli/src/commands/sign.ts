/** SHELL. `chimera sign`: what waits for signatures, and this operator's signature on one of it. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { Digest, shortDigest } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { createObserver, type Observer } from "../fleet/operator.ts";
import { countText } from "../print/proposals/count-text.ts";
import { ageBy, type Io } from "../io.ts";
import { addFleetOptions, examples, FleetOptions, parseOptions } from "../options.ts";
import { completeProposal } from "../proposals/complete-proposal.ts";
import { describeProposal } from "../proposals/describe-proposal.ts";
import { findProposal } from "../proposals/find-proposal.ts";
import { isComplete, openProposal, type OpenedProposal } from "../proposals/open-proposal.ts";
import { overtaken } from "../proposals/overtaken.ts";
import { signFirstKeySet } from "../proposals/sign-first-key-set.ts";
import { signProposal } from "../proposals/sign-proposal.ts";
import { surroundingsOf } from "../proposals/surroundings.ts";
import { proposalTable, whatText, type ProposalRow } from "../print/proposals/proposal-table.ts";
import { printable, printableJson } from "../print/printable.ts";

const Options = FleetOptions.extend({
  yes: z.boolean().default(false),
  rootKey: z.array(z.string().min(1)).default([]),
  trustHead: Digest.optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "List what waits for signatures; with an ID show what it changes, sign it, and publish it when complete.",
    )
    .argument("[id]", "first digits of a proposal (at least 8), or the file of a new fleet's key set 1")
    .option("-y, --yes", "sign without being asked")
    .option("--root-key <file...>", "key file of root (besides rootKeyFile and ssh-agent)")
    .option("--trust-head <id>", "take the newest head or panic for genuine though its keys are retired")
    .addHelpText(
      "after",
      examples([
        "chimera sign",
        "chimera sign 0f3c2a91d0b4",
        "chimera sign 0f3c2a91d0b4 --root-key /media/stick/root.key --yes --json",
        "chimera sign ./keys.1.json --root-key my-root.key   # a new fleet with several root keys",
      ]),
    )
    .action(async (id: string | undefined, options: unknown) => {
      const parsed = parseOptions(Options, options);
      if (id === undefined) return list(io, parsed);
      return /[./]/u.test(id) ? signFirstKeySet(io, id, parsed) : sign(io, id, parsed);
    });
}

async function list(io: Io, options: Options): Promise<void> {
  const observer = await createObserver(io, options);
  const now = await surroundingsOf(io, observer);
  const rows = (await openAll(io, observer)).map((proposal) => ({
    ...proposal,
    over: overtaken(proposal, now),
  }));
  if (options.json) io.out(`${printableJson({ proposals: rows.map((row) => listed(row)) }, 2)}\n`);
  else io.out(proposalTable(rows, ageBy(io), io.paint));
}

async function sign(io: Io, prefix: string, options: Options): Promise<void> {
  const observer = await createObserver(io, options);
  const proposal = findProposal(await openAll(io, observer), prefix);
  const over = overtaken(proposal, await surroundingsOf(io, observer));
  if (over !== null) {
    throw new ChimeraError("order-stale", `proposal ${shortDigest(proposal.id)} needs no signature: ${over}`);
  }
  const text = await describeProposal(observer, proposal.proposed, io.paint);
  if (!options.json) io.out(`${text}signed so far by ${countText(proposal.counts)}\n`);
  await confirm(io, options);
  const signed = await signProposal(io, observer, { proposal, files: options.rootKey });
  if (isComplete(signed.counts)) {
    await completeProposal(io, observer, { proposal: signed, json: options.json });
  }
  tell(io, signed, options.json);
}

/** What is no proposal at all is told and left out: one bad entry must not hide the others. */
async function openAll(io: Io, { api, keys }: Observer): Promise<OpenedProposal[]> {
  return (await api.proposals()).flatMap((proposal) => {
    try {
      return [openProposal(proposal, keys.newest.set)];
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      io.err(`chimera: proposal ${shortDigest(proposal.id)} is left out: ${printable(errorChain(error))}\n`);
      return [];
    }
  });
}

async function confirm(io: Io, { yes }: Options): Promise<void> {
  if (yes) return;
  if (!io.inTty) throw new ChimeraError("usage", "nobody is there to ask: --yes signs without asking");
  const answer = await io.ask("sign this? Type yes: ");
  if (answer.trim().toLowerCase() !== "yes") throw new ChimeraError("usage", "not signed");
}

function tell(io: Io, signed: OpenedProposal, json: boolean): void {
  const isPublished = isComplete(signed.counts);
  if (json) {
    io.out(
      `${printableJson({ type: isPublished ? "published" : "signed", ...listed({ ...signed, over: null }) })}\n`,
    );
    return;
  }
  const counts = countText(signed.counts);
  io.out(
    isPublished
      ? `published ${whatOf(signed)}, signed by ${counts}\n`
      : `signed ${whatOf(signed)}: ${counts}; the last signature publishes it\n`,
  );
}

function whatOf({ proposed }: OpenedProposal): string {
  return printable(whatText(proposed));
}

function listed({ id, proposed, createdAt, counts, over }: ProposalRow) {
  const { kind, document } = proposed;
  return { id, kind, what: whatText(proposed), createdAt, signatures: counts, over, document };
}
