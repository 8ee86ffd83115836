/** SHELL. Runs commands two at a time, says how long each took, and ends at the first failure with its output. */
import { execa } from "execa";
import pLimit from "p-limit";

export type Step = { name: string; argv: readonly [string, ...string[]] };
type Report = (line: string) => void;

/** True when every step succeeded. A step that fails ends those still running: one clear reason is enough. */
export async function runSteps(steps: readonly Step[], cwd: string, report: Report): Promise<boolean> {
  const stop = new AbortController();
  const limit = pLimit(2);
  const results = await Promise.all(
    steps.map((step) => limit(async () => !stop.signal.aborted && runStep(step, { cwd, stop, report }))),
  );
  return results.every(Boolean);
}

async function runStep(
  step: Step,
  how: { cwd: string; stop: AbortController; report: Report },
): Promise<boolean> {
  const [file, ...argv] = step.argv;
  const { failed, isCanceled, durationMs, all, shortMessage } = await execa(file, argv, {
    cwd: how.cwd,
    all: true,
    reject: false,
    stdin: "ignore",
    preferLocal: true,
    localDir: how.cwd,
    cancelSignal: how.stop.signal,
    env: {
      TURBO_TELEMETRY_DISABLED: "1",
      DO_NOT_TRACK: "1",
      ...(process.stdout.isTTY && { FORCE_COLOR: "1" }),
    },
  });
  if (isCanceled) return false;
  how.report(
    `${step.name.padEnd(12)} ${(durationMs / 1000).toFixed(1).padStart(6)} s  ${failed ? "FAILED" : "ok"}`,
  );
  if (!failed) return true;
  how.stop.abort();
  how.report(`\n${step.argv.join(" ")}\n${all || shortMessage}`);
  return false;
}
