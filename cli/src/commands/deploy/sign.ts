/** SHELL. `chimera sign`: what waits for signatures, and this operator's signature on one of it. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { Digest, shortDigest } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { warnOfBase } from "../../fleet/head/warn-of-base.ts";
import { signAgain, type SignAgain } from "../../fleet/keys/sign-again.ts";
import { createObserver, type Observer } from "../../fleet/operator.ts";
import { countText } from "../../print/proposals/count-text.ts";
import { ageBy, type Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { confirm } from "../../proposals/confirm.ts";
import { completeProposal } from "../../proposals/complete-proposal.ts";
import { describeProposal } from "../../proposals/describe-proposal.ts";
import { findProposal } from "../../proposals/find-proposal.ts";
import { isComplete, openProposal, type OpenedProposal } from "../../proposals/open-proposal.ts";
import { overtaken } from "../../proposals/overtaken.ts";
import { signFirstKeySet } from "../../proposals/sign-first-key-set.ts";
import { signProposal } from "../../proposals/sign-proposal.ts";
import { surroundingsOf } from "../../proposals/surroundings.ts";
import { proposalTable, whatText, type ProposalRow } from "../../print/proposals/proposal-table.ts";
import { signAgainText } from "../../print/keys/sign-again-text.ts";
import { printable, printableJson } from "../../print/printable.ts";

const Options = FleetOptions.extend({
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
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
    .option("--dry-run", "show what it changes; sign and send nothing")
    .option("--root-key <file...>", "key file of root (besides rootKeyFile and ssh-agent)")
    .option("--trust-head <id>", "take the newest head or panic for genuine though its keys are retired")
    .addHelpText(
      "after",
      examples([
        "chimera sign",
        "chimera sign 0f3c2a91d0b4 --dry-run",
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
  const proposal = findProposal(await openAll(io, observer), prefix, options);
  const now = await surroundingsOf(io, observer);
  const over = overtaken(proposal, now);
  if (over !== null) {
    throw new ChimeraError("order-stale", `proposal ${shortDigest(proposal.id)} needs no signature: ${over}`);
  }
  const { json, dryRun } = options;
  if (proposal.proposed.kind === "head") warnOfBase(io, observer);
  const text = await describeProposal(observer, proposal.proposed, { now, paint: io.paint });
  // Also where a program reads: nobody is asked about what was not shown.
  (json ? io.err : io.out)(`${text}signed so far by ${countText(proposal.counts)}\n`);
  if (dryRun) return tellDryRun(io, proposal, json);
  await confirm(io, options);
  const again = await againAfter(observer, proposal);
  const signed = await signProposal(io, observer, { proposal, files: options.rootKey });
  if (isComplete(signed.counts)) await completeProposal(io, observer, { proposal: signed, json });
  tell(io, { signed, again: isComplete(signed.counts) ? again : [] }, json);
}

/** What a key set leaves to do, looked up before it is stored. */
async function againAfter({ api }: Observer, { proposed }: OpenedProposal): Promise<SignAgain[]> {
  return proposed.kind === "keys" ? signAgain(api, proposed.document) : [];
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

function tellDryRun(io: Io, proposal: OpenedProposal, json: boolean): void {
  if (json) io.out(`${printableJson({ type: "plan", ...listed({ ...proposal, over: null }) })}\n`);
  else io.out("nothing was signed or sent (--dry-run)\n");
}

function tell(
  io: Io,
  { signed, again }: { signed: OpenedProposal; again: readonly SignAgain[] },
  json: boolean,
): void {
  const isPublished = isComplete(signed.counts);
  if (json) {
    const said = { ...listed({ ...signed, over: null }), ...(again.length === 0 ? {} : { again }) };
    io.out(`${printableJson({ type: isPublished ? "published" : "signed", ...said })}\n`);
    return;
  }
  const counts = countText(signed.counts);
  io.out(
    isPublished
      ? `published ${whatOf(signed)}, signed by ${counts}\n${signAgainText(again)}`
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
