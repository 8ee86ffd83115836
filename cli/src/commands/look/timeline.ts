/** SHELL. `chimera timeline`: what happened, in order: documents that were signed, and what nodes and leads reported. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { createReader } from "../../documents/fleet-reader.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { kindFilter } from "../../past/kind-filter.ts";
import { createLook, type Look } from "../../past/look-back.ts";
import { momentForms, requireMoment } from "../../past/moment.ts";
import { printable, printableJson } from "../../print/printable.ts";
import { entryKinds, entryLine, type Entry } from "../../print/timeline/entry.ts";

const Options = FleetOptions.extend({
  since: z.string().max(64),
  until: z.string().max(64).optional(),
  node: NodeName.optional(),
  kind: z.array(z.string().max(256)).max(32).default([]),
  limit: z.coerce
    .number("a number")
    .int("a whole number")
    .min(1, "at least 1")
    .max(100_000, "at most 100000"),
  follow: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

const followMs = 2000;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "List what happened between two times: orders, rollouts, states, drift, health, restarts. Orders are signed, and checked here; the rest is what nodes and leads report.",
    )
    .option("--since <time>", `from when on: ${momentForms}, or a span as 2h`, "24h")
    .option("--until <time>", "up to when (default: now)")
    .option("--node <name>", "only what is about this node")
    .option("--kind <kinds...>", `only these, of: all, ${entryKinds.join(", ")}`)
    .option("--limit <entries>", "of more than that only the newest", "1000")
    .option("-f, --follow", "go on with what happens from now on")
    .addHelpText(
      "after",
      examples([
        "chimera timeline",
        "chimera timeline --since 2026-11-29T14:00 --until 2026-11-29T15:30",
        "chimera timeline --since 7d --kind order,rollout",
        "chimera timeline --node web-1 --kind all --json | jq -r '.what'",
        "chimera timeline --since 10m --follow",
      ]),
    )
    .action(async (options: unknown) => timeline(io, parseOptions(Options, options)));
}

async function timeline(io: Io, options: Options): Promise<void> {
  const { sinceMs, untilMs } = windowOf(io, options);
  const filter = kindFilter(options.kind);
  const reader = await createReader(io, options.context);
  const look = createLook(io, { reader, filter, node: options.node, sinceMs });
  let after = await showWindow(io, look, { options, untilMs });
  while (options.follow && !io.outGone()) {
    await io.sleep(followMs);
    after = await showNews(io, look, { options, after }).catch((error: unknown) =>
      sayOutage(io, error, after),
    );
  }
}

function windowOf(io: Io, { since, until, follow }: Options): { sinceMs: number; untilMs: number } {
  const nowMs = io.nowMs();
  const sinceMs = requireMoment(since, nowMs);
  if (follow && until !== undefined) {
    throw new ChimeraError("usage", "--follow goes on for ever: it has no --until");
  }
  // The server's clock may be ahead of this one: without --until nothing that it has is left out.
  const untilMs = until === undefined ? Infinity : requireMoment(until, nowMs);
  if (sinceMs <= untilMs) return { sinceMs, untilMs };
  throw new ChimeraError("usage", "--since is later than --until");
}

/** Gives the place in the stream where the window ended. */
async function showWindow(
  io: Io,
  look: Look,
  { options, untilMs }: { options: Options; untilMs: number },
): Promise<number> {
  const newest: Entry[] = [];
  let count = 0;
  const end = await look({ untilMs }, (entry) => {
    count += 1;
    newest.push(entry);
    if (newest.length > options.limit) newest.shift();
  });
  const since = requireMoment(options.since, io.nowMs());
  if (end.oldestAt !== null && Date.parse(end.oldestAt) > since) {
    io.err(`chimera: what nodes reported before ${end.oldestAt} is not kept, or there was nothing\n`);
  }
  if (count > newest.length) {
    io.err(
      `chimera: ${count - newest.length} earlier entries are left out: --limit, --since, --node or --kind\n`,
    );
  }
  if (count === 0) io.err("chimera: nothing of that kind happened then\n");
  for (const entry of newest) show(io, options, entry);
  return end.last;
}

async function showNews(
  io: Io,
  look: Look,
  { options, after }: { options: Options; after: number },
): Promise<number> {
  const quiet = { untilMs: Infinity, after };
  return (await look(quiet, (entry) => show(io, options, entry))).last;
}

function show(io: Io, { json }: Options, entry: Entry): void {
  if (!json) {
    io.out(entryLine(entry, io.paint));
    return;
  }
  const { style: _style, ...said } = entry;
  io.out(`${printableJson(said)}\n`);
}

/** Whoever follows outlives a controller that restarts. */
function sayOutage(io: Io, error: unknown, after: number): number {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") {
    io.err(`chimera: ${printable(errorChain(error))}; trying again\n`);
    return after;
  }
  throw error;
}
