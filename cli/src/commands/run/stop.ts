/** SHELL. `chimera stop NAME...`: ends runs, gently first. */
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { findRun } from "../../run-session/runs/find-run.ts";
import { stopRun } from "../../run-session/runs/stop-run.ts";

export const StopSeconds = z.coerce
  .number("a number of seconds")
  .min(0, "not below 0")
  .max(3600, "at most an hour");

const Options = z.object({ time: StopSeconds });

export function define(command: Command, io: Io): void {
  command
    .description("End runs: SIGTERM to all their processes, then SIGKILL to what is still there.")
    .argument("<session...>", "their names")
    .option("-t, --time <seconds>", "between SIGTERM and SIGKILL", "10")
    .addHelpText("after", examples(["chimera stop backup", "chimera stop -t 60 backup"]))
    .action(async (names: unknown, options: unknown) =>
      stop(io, z.array(z.string()).parse(names), parseOptions(Options, options).time),
    );
}

async function stop(io: Io, names: readonly string[], seconds: number): Promise<void> {
  const runs = names.map((name) => findRun(io, name));
  await Promise.all(runs.map(async (run) => stopRun(io, run, seconds)));
  for (const { record } of runs) io.out(`${record.name}\n`);
}
