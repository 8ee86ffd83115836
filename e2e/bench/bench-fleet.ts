// SHELL. A fleet for one measurement: up, a world committed and at rest, and down whatever happens.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downOnInterrupt } from "../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Report } from "../lab/report.ts";

export async function withFleet<T>(
  report: Report,
  nodes: number,
  measure: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const text = await readFile(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(text));
  downOnInterrupt(report);
  try {
    const fleet = await startFleet({ nodes, version, report });
    const { code, stderr } = await deployWorld(fleet, "bench");
    if (code !== 0) throw new ChimeraError("rollout-failed", `deploy before the measurement: ${stderr}`);
    report("a world is committed on every node");
    return await measure(fleet);
  } finally {
    await downUnlessInUse(report);
  }
}
