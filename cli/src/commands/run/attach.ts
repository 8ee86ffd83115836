/** SHELL. `chimera attach [NAME]`: brings a run's session to this terminal. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples } from "../../parse-options.ts";
import { attachRun } from "../../run-session/runs/attach-run.ts";
import { findRun, newestLiving } from "../../run-session/runs/find-run.ts";

export function define(command: Command, io: Io): void {
  command
    .description("Bring a run's session to this terminal; Ctrl-B d leaves it. Ends with the run's exit code.")
    .argument("[session]", "its name (default: the newest that lives)")
    .addHelpText("after", examples(["chimera attach", "chimera attach backup", "chimera attach backup.3"]))
    .action(async (session: unknown) => attach(io, z.string().optional().parse(session)));
}

async function attach(io: Io, name: string | undefined): Promise<void> {
  const run = name === undefined ? newestLiving(io) : findRun(io, name);
  if (run === undefined) throw new ChimeraError("not-found", "no session lives here (chimera ps)");
  if (io.env["CHIMERA_RUN_NAME"] === run.id) {
    throw new ChimeraError("usage", `this terminal is inside of ${run.record.name} already`);
  }
  io.result.code = await attachRun(io, run);
}
