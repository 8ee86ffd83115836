// SHELL. `npm start`: the first fleet on this machine, its main job done once before your eyes, and all of it removed.
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import { parseCommandLine, runMain } from "./lab/command-line.ts";
import { downOnInterrupt } from "./lab/down-on-interrupt.ts";
import { downUnlessInUse } from "./lab/down.ts";
import { listPackages } from "./lab/prepare/list-packages.ts";
import { reporter } from "./lab/report.ts";
import { operatorOf } from "./fleet/operator.ts";
import { startFleet } from "./fleet/start-fleet.ts";
import { printSteps, type Step } from "./fleet/print-steps.ts";
import { firstFleet } from "./scenarios/first-fleet.ts";

const usage = "npm start [-- --keep] [--nodes 1..16]";
const options = {
  keep: { type: "boolean", default: false },
  nodes: { type: "string", default: "3" },
} as const;
const report = reporter();
const steps: Step[] = [];

downOnInterrupt(report);
/** Before it begins a run has made nothing, and a fleet that an earlier one keeps is not its to end. */
let hasBegun = false;
await runMain("npm start", main, async () => {
  if (hasBegun) await downUnlessInUse(report);
});

async function main(): Promise<void> {
  const startedAt = performance.now();
  const { values } = parseCommandLine(usage, { options });
  const nodes = z.coerce.number().int().min(1).max(16).safeParse(values.nodes);
  if (!nodes.success) throw new ChimeraError("usage", usage);
  hasBegun = true;
  const fleet = await timed("set up, build the first systems, boot the fleet", async () =>
    startFleet({ nodes: nodes.data, report }),
  );
  await firstFleet({ fleet, timed, show: (text) => process.stdout.write(text) });
  const operator = operatorOf(fleet.lab);
  process.stdout.write(`\n$ chimera status\n${await operator.ok(["status"])}`);
  if (values.keep) keepRunning(nodes.data);
  else await timed("take everything down", () => downUnlessInUse(report));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`\n${printSteps(steps)}\nin all ${seconds} s\n${await listPackages()}`);
}

async function timed<T>(name: string, action: () => Promise<T>): Promise<T> {
  report(name);
  const begun = performance.now();
  const result = await action();
  steps.push({ name, ms: performance.now() - begun });
  return result;
}

function keepRunning(nodes: number): void {
  const lines = [
    "",
    "The fleet keeps running.",
    "  npm run lab -- enter ws -- chimera status      what the fleet runs",
    `  npm run lab -- enter n1                        a root shell on a node (n1 to n${nodes}, hub, ws)`,
    "  npm run lab -- enter n1 -- tmux -N -S /run/chimera/tmux.sock attach -r -t sentinel     the agent's session",
    "  npm run lab -- power-cut n2                    pull the plug; `boot n2` switches it on again",
    "  npm run lab -- down                            stop it and remove everything",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
