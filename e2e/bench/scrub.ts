// SHELL. Bench `scrub`: what it costs to look at every name of a closure with 100,000 files, and to read all of it without end.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import { bundle } from "../../tools/bundle.ts";
import type { Report } from "../lab/report.ts";
import { atMost, type Figure } from "./figures.ts";

const program = join(import.meta.dirname, "../../agent/src/store-probe/main.ts");
const fileBytes = 8192;
const walks = 5;
const scrubSeconds = 150;
const minute = 60;

const Made = z.object({ files: z.number().min(100_000) });
const Walked = z.object({ seen: z.literal(100), cpuSeconds: z.number(), extraMb: z.number() });
const Scrubbed = z.object({
  cpuSeconds: z.array(z.number()).length(scrubSeconds + 1),
  events: z.literal(0),
  /** Of 811; all of it counts as 800. Less would mean that it mostly rested. */
  readMb: z.number().min(200),
});

export async function scrub(report: Report): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "chimera-scrub-"));
  try {
    await bundle({ outdir: join(folder, "dist"), version: "bench" });
    report(`a store of 100 paths with 99,000 files of ${fileBytes} bytes`);
    const { files } = Made.parse(await ask("make", folder, fileBytes));
    report(`${walks} walks over ${files} names`);
    const walked: z.infer<typeof Walked>[] = [];
    for (let i = 0; i < walks; i += 1) walked.push(Walked.parse(await ask("walk", folder)));
    report(`${scrubSeconds} s of reading without end`);
    const { cpuSeconds, readMb } = Scrubbed.parse(await ask("scrub", folder, scrubSeconds));
    report(`${Math.round(readMb)} MB were read`);
    const worst = (of: (one: z.infer<typeof Walked>) => number) => Math.max(...walked.map(of));
    return [
      atMost(
        "walk_100k_cpu_s",
        worst((one) => one.cpuSeconds),
        { unit: "s of CPU", n: walks, bound: 2 },
      ),
      atMost(
        "walk_100k_extra_mb",
        worst((one) => one.extraMb),
        { unit: "MB", n: walks, bound: 30 },
      ),
      atMost("scrub_core_percent", (100 * worstMinute(cpuSeconds)) / minute, {
        unit: "% of a core in the worst minute",
        n: scrubSeconds,
        bound: 5,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of sums taken once a second. */
function worstMinute(cpuSeconds: readonly number[]): number {
  return Math.max(...cpuSeconds.slice(minute).map((now, i) => now - (cpuSeconds[i] ?? 0)));
}

/** As the agent is started: its flags save memory. */
const execArgv = ["--max-semi-space-size=1", "--optimize-for-size"];

async function ask(command: string, folder: string, amount = 0): Promise<unknown> {
  const agent = join(folder, "dist/agent.mjs");
  const child = fork(program, [command, folder, agent, `${amount}`], { execArgv });
  const answered = once(child, "message").then(([message]: unknown[]) => message);
  const ended = once(child, "exit").then(([code]: unknown[]) => {
    throw new ChimeraError("tool-failed", `the probe "${command}" ended with ${String(code)}`);
  });
  return Promise.race([answered, ended]);
}
