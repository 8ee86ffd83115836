// SHELL. `npm run soak -- <drift|deploy> [--trials N] [--seed S]`: many trials of what `npm test` tries once. Every
// trial is one raw line appended to e2e/ledger/<name>.jsonl as soon as it is over; nothing is averaged or left out.
import { randomInt } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import { withFleet } from "../bench/bench-fleet.ts";
import { parseCommandLine, runMain } from "../lab/command-line.ts";
import { reporter } from "../lab/report.ts";
import { deployTrials } from "./deploy-trials.ts";
import { driftTrials } from "./drift-trials.ts";
import type { Trial, Trials } from "./trial.ts";

const soaks: Record<string, Trials> = { drift: driftTrials, deploy: deployTrials };
const ledger = join(import.meta.dirname, "../ledger");

const Options = z.object({
  trials: z.coerce.number().int().min(1).max(100_000),
  seed: z.coerce.number().int().min(0),
});

const usage = `npm run soak -- <${Object.keys(soaks).join("|")}> [--trials N] [--seed S]`;

await runMain("soak", main);

async function main(): Promise<void> {
  const { values, positionals } = parseCommandLine(usage, {
    allowPositionals: true,
    options: {
      trials: { type: "string", default: "20" },
      seed: { type: "string", default: `${randomInt(2 ** 31)}` },
    },
  });
  const [name = ""] = positionals;
  const trials = Object.hasOwn(soaks, name) ? soaks[name] : undefined;
  const parsed = Options.safeParse(values);
  if (trials === undefined || !parsed.success) throw new ChimeraError("usage", usage);
  const options = parsed.data;
  const report = reporter();
  const commit = (await execa("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname })).stdout;
  await mkdir(ledger, { recursive: true });
  let failed = 0;
  const record = async (trial: Trial): Promise<void> => {
    const line = { soak: name, commit, seed: options.seed, at: new Date().toISOString(), ...trial };
    await appendFile(join(ledger, `${name}.jsonl`), `${JSON.stringify(line)}\n`);
    if (!trial.ok) failed += 1;
    report(
      `${trial.ok ? "ok    " : "FAILED"} ${trial.trial} ${trial.fault} -> ${trial.end} (${trial.ms} ms)`,
    );
  };
  await withFleet(report, 1, (fleet) => trials({ fleet, record, ...options }));
  report(`${options.trials} trials, ${failed} failed; seed ${options.seed}`);
  if (failed > 0) process.exitCode = 1;
}
