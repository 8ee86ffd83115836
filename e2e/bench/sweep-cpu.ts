// SHELL. What one sweep of a node costs its agent: with a sweep every two seconds, less what the same node takes without any.
import { ChimeraError } from "@chimera/proto/errors";
import { setTimeout as sleep } from "node:timers/promises";
import { agentPid, deployWorld, type WorldOptions } from "../fleet/fleet-stage.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import type { Report } from "../lab/report.ts";
import { atMost, type Figure } from "./figures.ts";

const sweepSeconds = 2;
const measuredSeconds = 60;
/** A file is read at each sweep until it is a minute old. */
const settleMs = 75_000;
const tickMs = 10;

type Etc = NonNullable<NonNullable<WorldOptions["changes"]>["etc"]>;

export async function sweepCpu(fleet: Fleet, etc: Etc, report: Report): Promise<Figure[]> {
  const rare = await cpuWith(fleet, { etc, every: 3600 }, report);
  const often = await cpuWith(fleet, { etc, every: sweepSeconds }, report);
  const sweeps = measuredSeconds / sweepSeconds;
  const each = (read: (cpu: Cpu) => number) => (read(often) - read(rare)) / sweeps;
  return [
    atMost(
      "sweep_cpu_ms",
      each(({ ownMs }) => ownMs),
      {
        unit: "ms of CPU for a sweep of /etc and of what is beyond it",
        n: sweeps,
        bound: 50,
      },
    ),
    atMost(
      "sweep_programs_cpu_ms",
      each(({ childMs }) => childMs),
      {
        unit: "ms of CPU for the programs that such a sweep starts",
        n: sweeps,
        bound: 50,
      },
    ),
  ];
}

interface Cpu {
  ownMs: number;
  childMs: number;
}

async function cpuWith(
  fleet: Fleet,
  { etc, every }: { etc: Etc; every: number },
  report: Report,
): Promise<Cpu> {
  report(`the agent's CPU with a sweep every ${every} s`);
  const options = { changes: { etc }, agentConfig: { drift: { sweepSeconds: every } } };
  const { code, stderr } = await deployWorld(fleet, `sweep-${every}`, options);
  if (code !== 0) throw new ChimeraError("rollout-failed", `deploy with sweepSeconds ${every}: ${stderr}`);
  await sleep(settleMs);
  const before = await cpuOf(fleet);
  await sleep(measuredSeconds * 1000);
  const after = await cpuOf(fleet);
  return { ownMs: after.ownMs - before.ownMs, childMs: after.childMs - before.childMs };
}

async function cpuOf(fleet: Fleet): Promise<Cpu> {
  const node = fleet.lab.host("n1");
  const stat = await node.runChecked(["cat", `/proc/${await agentPid(node)}/stat`]);
  // After the name, which may hold anything: utime is the 14th field of all, the 12th from there.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number);
  return { ownMs: (utime + stime) * tickMs, childMs: (cutime + cstime) * tickMs };
}
