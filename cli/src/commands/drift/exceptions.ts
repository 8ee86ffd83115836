/** SHELL. `chimera drift ignore`, `unignore` and `resume`: signed orders about single paths. */
import { ChimeraError } from "@chimera/proto/errors";
import { DriftGlob, DriftPath } from "@chimera/proto/drift-policy";
import type { OrderAction } from "@chimera/proto/signed/order";
import type { Command } from "commander";
import { z } from "zod";
import { createObserver, type Observer } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { parseDurationMs } from "../../order/duration.ts";
import { giveOrder, namedNodes, OrderOptions } from "../../order/give-order.ts";
import { Called, whole } from "./called.ts";
import { exceptionRows, exceptionTable } from "../../print/drift-table.ts";
import { printableJson } from "../../print/printable.ts";

const dayMs = 86_400_000;
const longestMs = 30 * dayMs;

/** How long a path is left alone. */
export const For = z
  .string("say how long: --for 2h")
  .transform((text) => parseDurationMs(text) ?? Number.NaN)
  .pipe(z.number("a span like 90s, 30m, 2h or 3d").max(longestMs, "at most 30d"));

const IgnoreOptions = OrderOptions.extend({
  for: For,
  reason: z
    .string("say why: --reason 'measuring'")
    .min(1, "say why: --reason 'measuring'")
    .max(1024, "at most 1024 characters"),
});

export function addOrderOptions(command: Command): Command {
  return addFleetOptions(command)
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--reason <text>", "why, kept in the order")
    .option("--dry-run", "show the order; sign and send nothing");
}

export function defineExceptions(drift: Command, io: Io): void {
  defineIgnore(drift, io);
  defineUnignore(drift, io);
  addOrderOptions(drift.command("resume"))
    .summary("put back again what was fought over")
    .description("Put a path back again that is only reported because somebody changed it again and again.")
    .argument("<node>", "a node name, @tag, or glob")
    .argument("<path>", "the path")
    .addHelpText("after", examples(["chimera drift resume db-1 /etc/hosts --reason 'the cron job is gone'"]))
    .action(async (...given: unknown[]) => {
      const { node, path, options } = whole(given);
      await resume(io, { node, path }, parseOptions(OrderOptions, options));
    });
}

function defineIgnore(drift: Command, io: Io): void {
  addOrderOptions(drift.command("ignore"))
    .summary("only report a path for a while")
    .description("Only report what differs at a path, until a time is up. The order is signed.")
    .argument("<node>", "a node name, @tag, or glob")
    .argument("<path>", "a path, or a glob of paths with at most three stars")
    .option("--for <time>", "how long: 90s, 30m, 2h, 3d")
    .addHelpText(
      "after",
      examples([
        "chimera drift ignore db-1 /etc/sysctl.d/60-db.conf --for 2h --reason 'measuring'",
        "chimera drift ignore 'web-*' '/etc/nginx/**' --for 30m --reason 'incident 12' --dry-run",
      ]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = whole(given);
      await ignore(io, { node, path }, parseOptions(IgnoreOptions, options));
    });
}

function defineUnignore(drift: Command, io: Io): void {
  addOrderOptions(drift.command("unignore"))
    .summary("list what is ignored, or end it")
    .description("End what `drift ignore` began, before its time. Without a path: list what is ignored.")
    .argument("[node]", "a node name, @tag, or glob")
    .argument("[path]", "the same path or glob as it was ignored by")
    .addHelpText(
      "after",
      examples(["chimera drift unignore", "chimera drift unignore db-1 /etc/sysctl.d/60-db.conf"]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = Called.parse(given);
      const parsed = parseOptions(OrderOptions, options);
      if (node === undefined || path === undefined) await list(io, node, parsed);
      else await unignore(io, { node, path }, parsed);
    });
}

interface Target {
  node: string;
  path: string;
}

async function ignore(io: Io, target: Target, options: z.infer<typeof IgnoreOptions>): Promise<void> {
  const glob = parsePath(DriftGlob, target.path);
  const untilMs = io.nowMs() + options.for;
  const until = new Date(untilMs).toISOString();
  const observer = await createObserver(io, { context: options.context });
  const action: OrderAction = { kind: "drift-ignore", glob, until };
  await give(io, { observer, node: target.node, action, notAfterMs: untilMs }, options);
}

async function unignore(io: Io, target: Target, options: OrderOptions): Promise<void> {
  const glob = parsePath(DriftGlob, target.path);
  const observer = await createObserver(io, { context: options.context });
  const action: OrderAction = { kind: "drift-unignore", glob };
  // It must reach whomever the order that it ends could still reach.
  const notAfterMs = io.nowMs() + longestMs;
  await give(io, { observer, node: target.node, action, notAfterMs }, options);
}

async function resume(io: Io, target: Target, options: OrderOptions): Promise<void> {
  const path = parsePath(DriftPath, target.path);
  const observer = await createObserver(io, { context: options.context });
  const action: OrderAction = { kind: "drift-resume", path };
  await give(io, { observer, node: target.node, action, notAfterMs: io.nowMs() + dayMs }, options);
}

interface Given {
  observer: Observer;
  node: string;
  action: OrderAction;
  notAfterMs: number;
}

async function give(io: Io, { observer, node, action, notAfterMs }: Given, options: OrderOptions) {
  const nodes = await namedNodes(io, { observer, targets: [node] }, options.file);
  await giveOrder(io, { observer, wanted: { nodes, action, reason: options.reason, notAfterMs } }, options);
}

async function list(io: Io, node: string | undefined, options: OrderOptions): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const named = node === undefined ? null : await namedNodes(io, { observer, targets: [node] }, options.file);
  const rows = exceptionRows(
    observer.nodes.filter((view) => named === null || named.includes(view.node)),
    io.nowMs(),
  );
  if (options.json) io.out(`${printableJson({ exceptions: rows }, 2)}\n`);
  else io.out(rows.length === 0 ? "nothing is ignored by an order\n" : exceptionTable(rows, io.paint));
}

/** Throws input-invalid: what a node would refuse is not even signed. */
export function parsePath(schema: z.ZodType<string>, path: string): string {
  const parsed = schema.safeParse(path);
  if (parsed.success) return parsed.data;
  throw new ChimeraError("input-invalid", `the path ${parsed.error.issues[0]?.message ?? "is none"}`);
}
