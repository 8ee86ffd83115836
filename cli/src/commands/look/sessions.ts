/** SHELL. `chimera sessions`: what runs in sessions on all nodes. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { ageBy, type Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { printable, printableJson } from "../../print/printable.ts";
import { sessionsTable } from "../../print/sessions/sessions-table.ts";
import { newestFirst } from "../../sessions/find-session.ts";
import type { SessionRoad } from "../../sessions/roads/session-road.ts";
import { addWhereOptions, whereOf, WhereOptions, withRoad } from "../../sessions/with-road.ts";

const watchMs = 2000;
const clearScreen = "\u001b[H\u001b[2J";

const Options = WhereOptions.extend({
  json: z.boolean().default(false),
  all: z.boolean().default(false),
  watch: z.boolean().default(false),
  node: NodeName.optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addWhereOptions(command)
    .description("Show the sessions of the fleet's nodes: those that run, as their nodes said it last.")
    .option("-a, --all", "also those that have ended")
    .option("-w, --watch", "show them again every 2 s")
    .option("--node <node>", "only those of one node")
    .option("--json", "print JSON, for programs")
    .addHelpText(
      "after",
      examples([
        "chimera sessions",
        "chimera sessions --all --node web-1",
        "chimera sessions --json | jq -r '.sessions[] | select(.kind == \"rollout\") | .node'",
      ]),
    )
    .action(async (options: unknown) => sessions(io, parseOptions(Options, options)));
}

async function sessions(io: Io, options: Options): Promise<void> {
  await withRoad(io, whereOf(options), async (road) => {
    if (!options.watch) return io.out(await render(io, road, options));
    while (!io.outGone()) {
      const text = await render(io, road, options).catch(describeOutage);
      io.out(io.outTty && !options.json ? `${clearScreen}${text}` : text);
      await io.sleep(watchMs);
    }
  });
}

async function render(io: Io, road: SessionRoad, { all, node, json, watch }: Options): Promise<string> {
  const said = await road.list({ node, isRunning: !all });
  const listed = newestFirst(said).filter(({ facts }) => all || facts.state === "running");
  if (!json) return sessionsTable(listed, ageBy(io), io.paint);
  const rows = listed.map(({ node: of, saidAt, facts }) => ({ node: of, saidAt, ...facts }));
  return `${printableJson({ at: new Date(io.nowMs()).toISOString(), sessions: rows }, watch ? undefined : 2)}\n`;
}

/** A watch outlives a controller that restarts. */
function describeOutage(error: unknown): string {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") {
    return `${printable(errorChain(error))}; trying again\n`;
  }
  throw error;
}
