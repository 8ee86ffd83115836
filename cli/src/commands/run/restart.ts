/** SHELL. `chimera restart NAME`: the same words again, in the same folder, in an environment that is decided anew. */
import { statSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { beginRun } from "../../run-session/runs/begin-run.ts";
import { findRun } from "../../run-session/runs/find-run.ts";
import { startDetached } from "../../run-session/runs/start-run.ts";
import { stopRun } from "../../run-session/runs/stop-run.ts";
import { StopSeconds } from "./stop.ts";

const Options = z.object({ time: StopSeconds });

export function define(command: Command, io: Io): void {
  command
    .description("Stop a run if it lives, and start the same again under its name, detached.")
    .argument("<session>", "its name")
    .option("-t, --time <seconds>", "between SIGTERM and SIGKILL", "10")
    .addHelpText("after", examples(["chimera restart backup", "chimera restart backup.2"]))
    .action(async (name: unknown, options: unknown) =>
      restart(io, z.string().parse(name), parseOptions(Options, options).time),
    );
}

async function restart(io: Io, typed: string, seconds: number): Promise<void> {
  const run = findRun(io, typed);
  const { asked, mode, name } = run.record;
  if (statSync(asked.cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ChimeraError("not-found", `${run.id} ran in ${asked.cwd}, which is no folder any more`);
  }
  await stopRun(io, run, seconds);
  const again = { ...io, cwd: asked.cwd };
  // What ran in the foreground has nobody who would call it again: it gets a log.
  const wish = { asked, mode: mode === "terminal" ? mode : ("log" as const), name, refresh: false };
  const begun = await beginRun(again, wish);
  await startDetached(again, begun, begun.start);
  io.out(`${begun.record.name}\n`);
}
