/** SHELL. `chimera hold NODE…`, `hold release`, `hold list`: stops deploys and rollbacks on nodes for a while. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { OrderAction } from "@chimera/proto/signed/order";
import type { Command } from "commander";
import { z } from "zod";
import { createObserver, type Observer } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { allOptions, examples, parseOptions } from "../../parse-options.ts";
import { parseDurationMs } from "../../order/duration.ts";
import { giveOrder, namedNodes, OrderOptions } from "../../order/give-order.ts";
import { heldNodes, releaseUntilMs, standingOrders } from "../../order/held-nodes.ts";
import { holdTable } from "../../print/documents/hold-table.ts";
import { printableJson } from "../../print/printable.ts";

const longestMs = 30 * 86_400_000;

const TargetOptions = OrderOptions.extend({ all: z.boolean().default(false) });
type TargetOptions = z.infer<typeof TargetOptions>;

const HoldOptions = TargetOptions.extend({
  for: z
    .string("say how long: --for 2h")
    .transform((text) => parseDurationMs(text) ?? Number.NaN)
    .pipe(z.number("a span like 90s, 30m, 2h or 3d").max(longestMs, "at most 30d")),
  drift: z.boolean().default(false),
  evenPanic: z.boolean().default(false),
});
type HoldOptions = z.infer<typeof HoldOptions>;

const Targets = z.array(z.string().max(256)).max(10_000);

export function define(command: Command, io: Io): void {
  addTargets(command)
    .description(
      "Begin no deploy and no rollback on nodes until a time is up; drift is still undone, and panic obeyed.",
    )
    .option("--for <time>", "how long: 90s, 30m, 2h, 3d")
    .option("--drift", "leave drift alone too")
    .option("--even-panic", "do not even obey a panic")
    .addHelpText(
      "after",
      examples([
        "chimera hold db-1 --for 2h --reason 'restoring a backup'",
        "chimera hold @canary --for 30m --drift",
        "chimera hold 'web-*' --for 1d --dry-run",
        "chimera hold release db-1",
        "chimera hold list",
      ]),
    )
    .action(async (targets: unknown, options: unknown) =>
      hold(io, Targets.parse(targets), parseOptions(HoldOptions, options)),
    );
  addTargets(command.command("release"))
    .description("End holds before their time.")
    .addHelpText("after", examples(["chimera hold release --all --reason 'backup is done'"]))
    .action(async (targets: unknown, _: unknown, called: Command) =>
      release(io, Targets.parse(targets), parseOptions(TargetOptions, allOptions(called))),
    );
  addFleetOptions(command.command("list"))
    .description("List held nodes, and orders that wait for nodes that are away.")
    .addHelpText("after", examples(["chimera hold list --json"]))
    .action(async (_: unknown, called: Command) => list(io, parseOptions(FleetOptions, allOptions(called))));
}

function addTargets(command: Command): Command {
  return addFleetOptions(command)
    .argument("[node...]", "node names, @tag, or globs")
    .option("--all", "every node of the fleet")
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--reason <text>", "why, kept in the order")
    .option("--dry-run", "show the order; sign and send nothing");
}

async function hold(io: Io, targets: readonly string[], options: HoldOptions): Promise<void> {
  const { drift, evenPanic } = options;
  const observer = await createObserver(io, { context: options.context });
  const untilMs = io.nowMs() + options.for;
  const action: OrderAction = { kind: "hold", until: new Date(untilMs).toISOString(), drift, evenPanic };
  await give(io, { observer, targets, action, notAfterMs: untilMs }, options);
}

async function release(io: Io, targets: readonly string[], options: TargetOptions): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const orders = standingOrders(observer.keys.newest, await observer.api.orders());
  const notAfterMs = releaseUntilMs(orders, observer.nodes, io.nowMs());
  await give(io, { observer, targets, action: { kind: "release" }, notAfterMs }, options);
}

interface Given {
  observer: Observer;
  targets: readonly string[];
  action: OrderAction;
  notAfterMs: number;
}

async function give(
  io: Io,
  { observer, targets, action, notAfterMs }: Given,
  options: TargetOptions,
): Promise<void> {
  const nodes = await selected(io, { observer, targets }, options);
  const { reason } = options;
  await giveOrder(io, { observer, wanted: { nodes, action, reason, notAfterMs } }, options);
}

async function selected(
  io: Io,
  { observer, targets }: Pick<Given, "observer" | "targets">,
  { all, file }: TargetOptions,
): Promise<"all" | NodeName[]> {
  if (all && targets.length > 0) throw new ChimeraError("usage", "either --all or nodes, not both");
  if (all) return "all";
  if (targets.length === 0) throw new ChimeraError("usage", "name nodes, @tags or globs, or say --all");
  return namedNodes(io, { observer, targets }, file);
}

async function list(io: Io, options: FleetOptions): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const waiting = standingOrders(observer.keys.newest, await observer.api.orders());
  const held = heldNodes(observer.nodes, io.nowMs());
  if (options.json) io.out(`${printableJson({ held, waiting }, 2)}\n`);
  else io.out(holdTable(held, waiting, io.paint));
}
