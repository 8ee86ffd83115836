// SHELL. Soak `deploy`: a deployment, and at a random moment of it something dies. Whatever happens the node must end on
// one of the two systems, whole: what runs, the profile and the boot default name the same, and its state says so.
import { setTimeout as sleep } from "node:timers/promises";
import { agentPid, deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import type { Host } from "../lab/host/host.ts";
import { randomFrom, type Soak } from "./trial.ts";

const faults: Record<string, (node: Host) => Promise<void>> = {
  none: () => Promise.resolve(),
  "agent killed": async (node) => {
    const pid = await agentPid(node);
    if (pid !== undefined) await node.run(["kill", "-KILL", `${pid}`]);
  },
  "sentinel killed": async (node) => {
    await node.run(["systemctl", "kill", "--signal=KILL", "chimera-sentinel.service"]);
  },
  "power cut": async (node) => {
    await node.powerCut();
    await node.boot();
  },
};

export async function deployTrials({ fleet, trials, seed, record }: Soak): Promise<void> {
  const random = randomFrom(seed);
  const node = fleet.lab.host("n1");
  const names = Object.keys(faults);
  for (let trial = 0; trial < trials; trial += 1) {
    const begun = performance.now();
    const fault = names[Math.floor(random() * names.length)] ?? "none";
    const delayMs = Math.round(random() * 12_000);
    const before = await pointersOf(node);
    const deployed = deployWorld(fleet, `soak-${trial}`, { args: ["--timeout", "60"] });
    await sleep(delayMs);
    await faults[fault]?.(node);
    await deployed;
    const end = await endOf(fleet, node, { before: before.current, label: `soak-${trial}` });
    const ms = Math.round(performance.now() - begun);
    await record({
      trial,
      fault: `${fault} after ${delayMs} ms`,
      end,
      ok: end === "old" || end === "new",
      ms,
    });
  }
}

async function endOf(
  fleet: Soak["fleet"],
  node: Host,
  { before, label }: { before: string; label: string },
): Promise<string> {
  const rests = ["committed", "reverted", "refused"];
  try {
    await waitView(fleet, "n1", ({ status }) => status !== null && rests.includes(status.state));
  } catch (error) {
    return `not at rest: ${String(error)}`.slice(0, 500);
  }
  const { current, profile, bootDefault } = await pointersOf(node);
  if (current !== profile || current !== bootDefault) return `half: ${current} ${profile} ${bootDefault}`;
  if (current === before) return "old";
  return current.endsWith(`-${label}`) ? "new" : `foreign: ${current}`;
}
