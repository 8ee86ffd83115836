/** SHELL. `chimera history`: heads and panics with what became of them, or one of them node by node. */
import { comparePlace, showPlace, type PlaceLike } from "@chimera/proto/signed/place";
import type { Command } from "commander";
import { z } from "zod";
import { createReader } from "../../documents/fleet-reader.ts";
import type { Seen } from "../../fleet/newest-document.ts";
import { findDocument } from "../../history/documents.ts";
import { readHistory, type History } from "../../history/read-history.ts";
import { historyRows, nodeRows } from "../../history/rows.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { historyTable, nodeResultTable, rolloutLine } from "../../print/history-table.ts";
import { printableJson } from "../../print/printable.ts";

const Options = FleetOptions.extend({
  limit: z.coerce.number("a number").int("a whole number").min(1, "at least 1").max(128, "at most 128"),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "List the heads and panics of the fleet, newest first, and what became of each: by the nodes' own signatures where they are kept, else by what they reported.",
    )
    .argument("[serial]", "only this head, node by node (7, 0.7; 7+panic: the panic that undid it)")
    .option("--limit <documents>", "how many", "20")
    .addHelpText(
      "after",
      examples([
        "chimera history",
        "chimera history 7",
        "chimera history 7+panic --json",
        "chimera history --limit 100 --json | jq '.heads[] | [.serial, .results.failed]'",
      ]),
    )
    .action(async (serial: unknown, options: unknown) => {
      const word = z.string().max(32).optional().parse(serial);
      const parsed = parseOptions(Options, options);
      await (word === undefined ? list(io, parsed) : show(io, word, parsed));
    });
}

/** The controller's word is not enough for the one list that says who did what. */
async function list(io: Io, { context, json, limit }: Options): Promise<void> {
  const reader = await createReader(io, context);
  const history = await readHistory(io, reader, { pick: (all) => all.slice(0, limit), withReasons: false });
  warnOfLoss(io, reader.seen, history);
  const rows = historyRows(history);
  if (json) {
    const [heads, panics] = [
      rows.filter(({ mode }) => mode !== "panic"),
      rows.filter(({ mode }) => mode === "panic"),
    ];
    const shown = heads.map(({ serial, ...head }) => ({ serial: Number(serial), ...head }));
    io.out(
      `${printableJson({ heads: shown, panics, more: history.more, eventsSince: history.oldestAt }, 2)}\n`,
    );
    return;
  }
  io.out(historyTable(rows, io.paint));
  if (history.more > 0) io.err(`chimera: ${history.more} older ones are left out (--limit)\n`);
}

async function show(io: Io, word: string, { context, json }: Options): Promise<void> {
  const reader = await createReader(io, context);
  const history = await readHistory(io, reader, {
    pick: (all) => [findDocument(all, word)],
    withReasons: true,
  });
  const [row] = historyRows(history);
  const nodes = history.items.flatMap((item) => nodeRows(item));
  if (json) {
    io.out(`${printableJson({ ...row, nodes, eventsSince: history.oldestAt }, 2)}\n`);
    return;
  }
  io.out(historyTable(row === undefined ? [] : [row], io.paint));
  if (row?.rollout) io.out(`${rolloutLine(row.rollout)}\n`);
  io.out(`\n${nodeResultTable(nodes, io.paint)}`);
}

/** The history of before a loss looks like a whole one. */
function warnOfLoss(io: Io, seen: readonly Seen[], { items }: History): void {
  const genuine = items.find(({ document }) => document.kind === "head" && document.world !== null);
  const newest: PlaceLike | null = genuine?.document.place ?? null;
  const last = seen.findLast(({ place }) => place.rank === 0)?.place;
  if (last === undefined || (newest !== null && comparePlace(newest, last) >= 0)) return;
  io.err(
    `chimera: head ${showPlace(last)} was seen here, and is not in this history: the controller lost data ("chimera reseed" brings them back) or hides it\n`,
  );
}
