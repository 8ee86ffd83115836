// SHELL. A fleet for one measurement: up, a world committed and at rest, and down whatever happens.
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet, type FleetOptions } from "../fleet/start-fleet.ts";
import { downOnInterrupt } from "../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Report } from "../lab/report.ts";

interface BenchFleet extends Pick<FleetOptions, "nodes" | "ghosts"> {
  world?: Parameters<typeof deployWorld>[2];
}

export async function withFleet<T>(
  report: Report,
  { world = {}, ...options }: BenchFleet,
  measure: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  downOnInterrupt(report);
  try {
    const fleet = await startFleet({ ...options, report });
    const { code, stderr } = await deployWorld(fleet, "bench", world);
    if (code !== 0) throw new ChimeraError("rollout-failed", `deploy before the measurement: ${stderr}`);
    report("a world is committed on every node");
    return await measure(fleet);
  } finally {
    await downUnlessInUse(report);
  }
}
