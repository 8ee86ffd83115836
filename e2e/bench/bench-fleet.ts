// SHELL. A fleet for one measurement: up, a world committed and at rest, and down whatever happens.
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downOnInterrupt } from "../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Report } from "../lab/report.ts";

export async function withFleet<T>(
  report: Report,
  { nodes, world = {} }: { nodes: number; world?: Parameters<typeof deployWorld>[2] },
  measure: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  downOnInterrupt(report);
  try {
    const fleet = await startFleet({ nodes, report });
    const { code, stderr } = await deployWorld(fleet, "bench", world);
    if (code !== 0) throw new ChimeraError("rollout-failed", `deploy before the measurement: ${stderr}`);
    report("a world is committed on every node");
    return await measure(fleet);
  } finally {
    await downUnlessInUse(report);
  }
}
