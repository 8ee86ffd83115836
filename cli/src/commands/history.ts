/** SHELL. `chimera history`. */
import { comparePlace, showPlace, type PlaceLike } from "@chimera/proto/signed/place";
import type { Command } from "commander";
import { createApiClient } from "../api/api-client.ts";
import { currentContext } from "../context/current-context.ts";
import { checkView, nodeKeysOf } from "../fleet/check-view.ts";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { genuineHeads } from "../fleet/head-history.ts";
import { createTrust } from "../fleet/create-trust.ts";
import type { Seen } from "../fleet/newest-document.ts";
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
  const { trust, seen } = await createTrust(io, { api, fleetId: context.fleetId });
  const [{ heads }, fleet, views] = await Promise.all([api.heads(), api.fleet(), api.nodes()]);
  const genuine = genuineHeads(heads, fleet.panic, trust);
  const newest = genuine.find((stored) => stored !== undefined);
  warnOfLoss(io, seen, newest?.head ?? null);
  const keyOf = nodeKeysOf(newest === undefined ? [] : await verifiedWorld(api, newest.head.world));
  const nodes = views.map((view) => checkView(view, context.fleetId, keyOf));
  const rows = historyRows(heads, nodes, (_, index) => genuine[index] !== undefined);
  io.out(options.json ? `${printableJson({ heads: rows }, 2)}\n` : historyTable(rows, io.paint));
}

/** The history of before a loss looks like a whole one. */
function warnOfLoss(io: Io, seen: readonly Seen[], newest: PlaceLike | null): void {
  const last = seen.findLast(({ place }) => place.rank === 0)?.place;
  if (last === undefined || (newest !== null && comparePlace(newest, last) >= 0)) return;
  io.err(
    `chimera: head ${showPlace(last)} was seen here, and is not in this history: the controller lost data ("chimera reseed" brings them back) or hides it\n`,
  );
}
