/** SHELL. `chimera status`. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { Digest } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { createApiClient } from "../../api/api-client.ts";
import { currentContext } from "../../context/current-context.ts";
import { lostNote } from "../../fleet/base/lost-return.ts";
import { look, type Observer } from "../../fleet/operator.ts";
import { ageBy, type Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { needsAttention, silentMs, type RowSight } from "../../print/node-row.ts";
import { printable, printableJson } from "../../print/printable.ts";
import { statusTable } from "../../print/status-table.ts";

const watchMs = 2000;
const clearScreen = "\u001b[H\u001b[2J";

const Options = FleetOptions.extend({
  watch: z.boolean().default(false),
  failed: z.boolean().default(false),
  trustHead: Digest.optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description("Show what every node runs, wants and does.")
    .option("-w, --watch", "show it again every 2 s")
    .option("--failed", "only nodes that need attention")
    .option("--trust-head <id>", "take the newest head or panic for genuine though its keys are retired")
    .addHelpText(
      "after",
      examples(["chimera status", "chimera status --failed", "chimera status --json | jq '.nodes[].node'"]),
    )
    .action(async (options: unknown) => status(io, parseOptions(Options, options)));
}

async function status(io: Io, options: Options): Promise<void> {
  const context = await currentContext(io, options.context);
  const api = await createApiClient(io, context);
  const show = async (): Promise<string> => {
    const observer = await look(io, { context, api, trustHead: options.trustHead, onMissingWorld });
    const note = lostNote(observer);
    if (note !== null) io.err(`chimera: ${note}\n`);
    return render(io, observer, options);
  };
  const onMissingWorld = (error: ChimeraError): void =>
    io.err(`chimera: ${printable(errorChain(error))}; nodes are checked by their registered keys\n`);
  if (!options.watch) {
    io.out(await show());
    return;
  }
  while (!io.outGone()) {
    const text = await show().catch(describeOutage);
    io.out(io.outTty && !options.json ? `${clearScreen}${text}` : text);
    await io.sleep(watchMs);
  }
}

function render(io: Io, { current, keys, nodes }: Observer, { json, failed, watch }: Options): string {
  const ageMs = ageBy(io);
  const { view: fleet, effective } = current;
  const leaves = new Map(current.leaves.map(({ node, toplevel }) => [node, toplevel]));
  const sight: RowSight = { ageMs, leafOf: (node) => leaves.get(node) ?? null };
  const shown = failed ? nodes.filter((view) => needsAttention(view, sight)) : nodes;
  if (!json) return statusTable({ fleet, effective, nodes: shown, ...sight }, io.paint);
  const described = shown.map((view) => ({
    ...view,
    silentMs: silentMs(view, ageMs) ?? null,
    leaf: sight.leafOf(view.node),
    needsAttention: needsAttention(view, sight),
  }));
  const at = new Date(io.nowMs()).toISOString();
  const { fleetId, head } = fleet;
  const { version, epoch, expires } = keys.newest.set;
  const panic = current.panic === null ? null : { id: current.panic.id, ...current.panic.panic };
  const said = { at, fleetId, head, panic, effective, keys: { version, epoch, expires }, nodes: described };
  return `${printableJson(said, watch ? undefined : 2)}\n`;
}

/** A watch outlives a controller that restarts. */
function describeOutage(error: unknown): string {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") {
    return `${printable(errorChain(error))}; trying again\n`;
  }
  throw error;
}
