// SHELL. Soaks of one node in a fleet: `drift` and `deploy`.
import { randomInt } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import { withFleet } from "../bench/bench-fleet.ts";
import { reporter } from "../lab/report.ts";
import { deployTrials } from "./deploy-trials.ts";
import { driftTrials } from "./drift-trials.ts";
import type { Trial, Trials } from "./trial.ts";

const soaks: Record<string, Trials> = { drift: driftTrials, deploy: deployTrials };
const ledger = join(import.meta.dirname, "../ledger");

const Options = z.strictObject({
  trials: z.coerce.number().int().min(1).max(100_000).default(20),
  seed: z.coerce.number().int().min(0).optional(),
});

export const fleetSoakUsage = `npm run soak -- <${Object.keys(soaks).join("|")}> [--trials N] [--seed S]`;

/** True: every trial ended as it may. */
export async function fleetSoak(name: string, values: object): Promise<boolean> {
  const trials = Object.hasOwn(soaks, name) ? soaks[name] : undefined;
  const parsed = Options.safeParse(values);
  if (trials === undefined || !parsed.success) throw new ChimeraError("usage", fleetSoakUsage);
  const { seed = randomInt(2 ** 31), ...options } = parsed.data;
  const report = reporter();
  const commit = (await execa("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname })).stdout;
  await mkdir(ledger, { recursive: true });
  let failed = 0;
  const record = async (trial: Trial): Promise<void> => {
    const line = { soak: name, commit, seed, at: new Date().toISOString(), ...trial };
    await appendFile(join(ledger, `${name}.jsonl`), `${JSON.stringify(line)}\n`);
    if (!trial.ok) failed += 1;
    report(
      `${trial.ok ? "ok    " : "FAILED"} ${trial.trial} ${trial.fault} -> ${trial.end} (${trial.ms} ms)`,
    );
  };
  await withFleet(report, { nodes: 1 }, (fleet) => trials({ fleet, record, seed, ...options }));
  report(`${options.trials} trials, ${failed} failed; seed ${seed}`);
  return failed === 0;
}
