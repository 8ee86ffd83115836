/** SHELL. `chimera history`. */
import type { Command } from "commander";
import { createApiClient } from "../api/api-client.ts";
import { currentContext } from "../context/current-context.ts";
import { checkView, nodeKeysOf } from "../fleet/check-view.ts";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { genuineHeads } from "../fleet/head-history.ts";
import { createTrust } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { addFleetOptions, examples, FleetOptions, parseOptions } from "../options.ts";
import { historyRows, historyTable } from "../print/history-table.ts";
import { printableJson } from "../print/printable.ts";

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description("List the heads of the fleet, newest first, with the nodes that are at each.")
    .addHelpText("after", examples(["chimera history", "chimera history --json | jq '.heads[0].serial'"]))
    .action(async (options: unknown) => history(io, parseOptions(FleetOptions, options)));
}

/** The controller's word is not enough for the one list that says who did what. */
async function history(io: Io, options: FleetOptions): Promise<void> {
  const context = await currentContext(io, options.context);
  const api = await createApiClient(io, context);
  const { trust } = await createTrust(io, { api, fleetId: context.fleetId });
  const [{ heads }, fleet, views] = await Promise.all([api.heads(), api.fleet(), api.nodes()]);
  const genuine = genuineHeads(heads, fleet.panic, trust);
  const newest = genuine.find((stored) => stored !== undefined);
  const keyOf = nodeKeysOf(newest === undefined ? [] : await verifiedWorld(api, newest.head.world));
  const nodes = views.map((view) => checkView(view, context.fleetId, keyOf));
  const rows = historyRows(heads, nodes, (_, index) => genuine[index] !== undefined);
  io.out(options.json ? `${printableJson({ heads: rows }, 2)}\n` : historyTable(rows, io.paint));
}
