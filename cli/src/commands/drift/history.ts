/** SHELL. `chimera drift history [NODE] [PATH]`: what was found, put back, and could not be, newest first. */
import type { NodeEvent, NodeEventType } from "@chimera/proto/event";
import type { Command } from "commander";
import { z } from "zod";
import { createApiClient } from "../../api/api-client.ts";
import { currentContext } from "../../context/current-context.ts";
import { parseNode } from "../../drift/only-node.ts";
import { ageBy, type Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { driftHistory } from "../../print/drift/history-text.ts";
import { printableJson } from "../../print/printable.ts";
import { Called } from "./called.ts";

const Options = FleetOptions.extend({
  limit: z.coerce.number().int("a whole number").min(1, "at least 1").max(1000, "at most 1000"),
});

const types = [
  "drift-found",
  "drift-reverted",
  "drift-unreverted",
  "drift-summed",
] as const satisfies NodeEventType[];

export function defineHistory(drift: Command, io: Io): void {
  addFleetOptions(drift.command("history"))
    .summary("what differed, and what became of it")
    .description("Show what was found, put back, and could not be put back, newest first.")
    .argument("[node]", "only this node")
    .argument("[path]", "only this path")
    .option("--limit <events>", "how many events of each kind are read", "200")
    .addHelpText(
      "after",
      examples(["chimera drift history", "chimera drift history web-1 /etc/hosts --json"]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = Called.parse(given);
      await history(io, { node, path }, parseOptions(Options, options));
    });
}

async function history(
  io: Io,
  { node, path }: { node: string | undefined; path: string | undefined },
  options: z.infer<typeof Options>,
): Promise<void> {
  const named = node === undefined ? {} : { node: parseNode(node) };
  const api = await createApiClient(io, await currentContext(io, options.context));
  const { limit } = options;
  const lists = await Promise.all(types.map((type) => api.events({ type, limit, ...named })));
  const events = lists
    .flatMap(({ events: list }) => list)
    // A sum may be of any path.
    .filter((event) => path === undefined || event.type === "drift-summed" || pathOf(event) === path)
    .toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  if (options.json) io.out(`${printableJson({ events }, 2)}\n`);
  else io.out(driftHistory(events, ageBy(io), io.paint));
}

function pathOf(event: NodeEvent): string | null {
  if (event.type === "drift-found") return event.data.path;
  return event.type === "drift-reverted" || event.type === "drift-unreverted" ? event.data.item.path : null;
}
