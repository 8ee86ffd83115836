// SHELL. Soak `drift`: tampering after tampering, each must be put back within a sweep and a bit.
import { tamperNode } from "../fleet/tamper-node.ts";
import type { Soak } from "./trial.ts";

const batch = 120;
const timeoutMs = 70_000;

export async function driftTrials({ fleet, trials, record }: Soak): Promise<void> {
  for (let done = 0; done < trials; done += batch) {
    const order = { trials: Math.min(batch, trials - done), pauseMs: 120, timeoutMs };
    for (const { trial, kind, ms } of await tamperNode(fleet.lab.host("n1"), order)) {
      const end = ms === null ? "not put back" : "put back";
      await record({
        trial: done + trial,
        fault: kind,
        end,
        ok: ms !== null,
        ms: Math.round(ms ?? timeoutMs),
      });
    }
  }
}
