/** SHELL. `chimera history`. */
import type { StoredHead } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openHead } from "@chimera/proto/signed/head";
import type { Command } from "commander";
import { createApiClient } from "../api/api-client.ts";
import { currentContext, type NamedContext } from "../context/current-context.ts";
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

async function history(io: Io, options: FleetOptions): Promise<void> {
  const context = await currentContext(io, options.context);
  const api = await createApiClient(io, context);
  const [{ heads }, nodes] = await Promise.all([api.heads(), api.nodes()]);
  const rows = historyRows(heads, nodes, (stored) => isSigned(stored, context));
  io.out(options.json ? `${printableJson({ heads: rows }, 2)}\n` : historyTable(rows, io.paint));
}

/** The controller's word is not enough for the one list that says who did what. */
function isSigned(stored: StoredHead, { trust }: NamedContext): boolean | null {
  if (trust === undefined) return null;
  try {
    const { head, id } = openHead(stored.envelope, trust.publish);
    return id === stored.id && JSON.stringify(head) === JSON.stringify(stored.head);
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}
