/** SHELL. `chimera drift [node]`: what differs now, and what was put back lately. */
import type { NodeView } from "@chimera/proto/api";
import type { Command } from "commander";
import { z } from "zod";
import { createApiClient } from "../../api/api-client.ts";
import { currentContext } from "../../context/current-context.ts";
import { parseNode } from "../../drift/only-node.ts";
import { ageBy, type Io } from "../../io.ts";
import { defineExceptions } from "../drift/exceptions.ts";
import { defineAdopt } from "../drift/adopt.ts";
import { defineExplain, explain, ExplainOptions } from "../drift/explain.ts";
import { defineHistory } from "../drift/history.ts";
import { defineShow } from "../drift/show.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { driftTable, exceptionRows, unlookedSince } from "../../print/drift-table.ts";
import { printableJson } from "../../print/printable.ts";

const Options = FleetOptions.extend({
  explain: z.string().max(8192).optional(),
  limit: z.coerce.number().int("a whole number").min(0, "at least 0").max(1000, "at most 1000"),
});
type Options = Omit<z.infer<typeof Options>, "explain">;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description("Show what differs from the signed state now, and what was put back lately.")
    .argument("[node]", "only this node")
    .option("--limit <events>", "how many past events", "20")
    .option("--explain <path>", "why a path is managed, or why not (as `drift explain`)")
    .addHelpText(
      "after",
      examples(["chimera drift", "chimera drift n1 --json", "chimera drift n1 --explain /etc/hosts"]),
    )
    .action(async (node: string | undefined, options: unknown) => {
      const { explain: path, ...parsed } = parseOptions(Options, options);
      if (path === undefined) await drift(io, node, parsed);
      else await explain(io, { node, path }, parseOptions(ExplainOptions, options));
    });
  defineShow(command, io);
  defineHistory(command, io);
  defineExplain(command, io);
  defineAdopt(command, io);
  defineExceptions(command, io);
}

async function drift(io: Io, name: string | undefined, options: Options): Promise<void> {
  const node = name === undefined ? undefined : parseNode(name);
  const context = await currentContext(io, options.context);
  const api = await createApiClient(io, context);
  const query = {
    type: "drift-reverted" as const,
    limit: Math.max(1, options.limit),
    ...(node === undefined ? {} : { node }),
  };
  const [views, { events }] = await Promise.all([
    node === undefined ? api.nodes() : api.node(node).then((view) => [view]),
    api.events(query),
  ]);
  const reverted = events.slice(0, options.limit);
  if (options.json) {
    const nodes = views.map((view) => ({ node: view.node, drift: view.status?.drift ?? null }));
    io.out(`${printableJson({ nodes, reverted }, 2)}\n`);
    return;
  }
  const exceptions = exceptionRows(views, io.nowMs());
  io.out(driftTable({ ...openOf(views), exceptions, reverted, ageMs: ageBy(io) }, io.paint));
}

function openOf(views: readonly NodeView[]) {
  const open = views.flatMap(({ node, status }) =>
    (status?.drift.open ?? []).map((item) => ({ node, item })),
  );
  const hidden = views.flatMap(({ node, status }) => {
    const count = status === null ? 0 : status.drift.openCount - status.drift.open.length;
    return count > 0 ? [{ node, count }] : [];
  });
  const unwatched = views.flatMap(({ node, status }) => (status?.drift.watching === false ? [node] : []));
  const unlooked = views.flatMap(({ node, status }) => {
    const since = status === null ? undefined : unlookedSince(status);
    return since === undefined ? [] : [{ node, since }];
  });
  const unseen = views.flatMap(({ node, status }) =>
    (status?.drift.unseen ?? []).map((what) => ({ node, what })),
  );
  const fought = views.flatMap(({ node, status }) =>
    (status?.drift.fought ?? []).map((entry) => ({ node, ...entry })),
  );
  return { open, hidden, unwatched, unlooked, unseen, fought };
}
