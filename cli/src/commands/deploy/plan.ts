/** SHELL. `chimera plan`: what a deployment would do to every node, from the closures alone. Sends nothing. */
import { ChimeraError, errorCodes, type ErrorCode } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { groupPlans, type NodePlan } from "../../plan/node/group-plans.ts";
import { switchPlanText } from "../../print/plan/switch-plan-text.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { addBuildOptions, BuildOptions } from "../../project/build-systems.ts";
import { gatherSystems } from "../../toplevel/gather-systems.ts";
import { planPairs } from "../../toplevel/plan-pairs.ts";
import { readRunning } from "../../toplevel/read-running.ts";
import { builtSides, typedSides, worldSides, type Sides } from "../../toplevel/sides.ts";

const Side = z.string().min(1).max(512).optional();
const Options = FleetOptions.extend(BuildOptions.shape).extend({
  from: Side,
  to: Side,
  running: z.string().max(4096).optional(),
  exitCode: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  const side = "a world (serial, first digits, or current) or the store path of a system";
  addBuildOptions(addFleetOptions(command))
    .description("Show what a deployment would do to every node, from the closures alone. Sends nothing.")
    .option("--from <side>", `${side} (default: what the fleet shall run now)`)
    .option("--to <side>", `${side} (default: what is built here)`)
    .option("--running <file>", "units that run on the node: systemctl list-units --all --output json")
    .option("--exit-code", "end with 1 when any node would get another system")
    .addHelpText(
      "after",
      examples([
        "chimera plan                         # build, and compare with what the fleet shall run now",
        "chimera plan -t 'web-*' --json",
        "chimera plan --from 6 --to 7         # two worlds; nothing is built",
        "chimera plan --from /run/current-system --to ./result",
        "chimera plan --to ./result --from /run/current-system --running units.json --exit-code",
      ]),
    )
    .action(async (options: unknown) => plan(io, parseOptions(Options, options)));
}

async function plan(io: Io, options: Options): Promise<void> {
  const running = options.running === undefined ? null : await readRunning(io, options.running);
  const sides = await findSides(io, options);
  const { cache, pairs, wanted } = sides;
  if (running !== null && pairs.length > 1) {
    throw new ChimeraError(
      "usage",
      `--running is of one node, and ${pairs.length} are selected: name it with -t`,
    );
  }
  const systems = await gatherSystems(io, wanted, { cache, json: options.json });
  const plans = await planPairs(pairs, { systems, running });
  tell(io, { sides, plans, isAssumed: running === null }, options.json);
  const unknown = plans.flatMap(({ code }) => code ?? []);
  if (unknown.length > 0) {
    throw new ChimeraError(worstOf(unknown), `${unknown.length} of ${plans.length} nodes cannot be planned`);
  }
  // Also a system in which nothing runs differently is fetched and switched to.
  if (options.exitCode && plans.some(({ from, to }) => from !== to)) io.result.code = 1;
}

/** Whoever tries again is told so only where that may help with every node. */
function worstOf(codes: readonly ErrorCode[]): ErrorCode {
  return codes.find((code) => errorCodes[code].retry === "never") ?? "closure-unavailable";
}

/** Paths, worlds, or what is built: by what was typed. */
async function findSides(io: Io, options: Options): Promise<Sides> {
  const { from, to } = options;
  if (from?.includes("/") === true || to?.includes("/") === true) return typedSides(io, from, to);
  if (from !== undefined && to === undefined) return worldSides(io, { from, to: "current" }, options);
  if (to !== undefined) return worldSides(io, { from: from ?? "current", to }, options);
  return builtSides(io, options);
}

function tell(
  io: Io,
  { sides, plans, isAssumed }: { sides: Sides; plans: NodePlan[]; isAssumed: boolean },
  json: boolean,
): void {
  const groups = groupPlans(plans);
  if (json) {
    io.out(`${printableJson({ type: "plan", from: sides.from, to: sides.to, isAssumed, groups })}\n`);
    return;
  }
  // Whoever signed a head chose the author's name.
  io.out(`${printableLine(`${sides.from} -> ${sides.to}`)}\n\n${switchPlanText(groups, io.paint)}`);
  if (isAssumed && groups.some(({ kind }) => kind === "switch")) {
    io.out(
      "\nTaken for granted: each node runs what a boot of its old system starts, and nothing was stopped by hand.\n",
    );
  }
}
