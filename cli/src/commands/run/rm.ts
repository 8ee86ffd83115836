/** SHELL. `chimera rm NAME...`: forgets ended runs, with their logs. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { isLiving } from "../../run-session/record/run-state.ts";
import { findFolder } from "../../run-session/runs/find-run.ts";
import { removeRun, type Found } from "../../run-session/runs/run-store.ts";
import { stopRun } from "../../run-session/runs/stop-run.ts";

const Options = z.object({ force: z.boolean().default(false) });
const stopSeconds = 10;

export function define(command: Command, io: Io): void {
  command
    .description("Forget runs that have ended, with their logs.")
    .argument("<session...>", "their names")
    .option("-f, --force", `stop those that live first, as chimera stop does (${stopSeconds} s)`)
    .addHelpText(
      "after",
      examples(["chimera rm backup", "chimera rm backup.1 backup.2", "chimera rm -f backup"]),
    )
    .action(async (names: unknown, options: unknown) =>
      rm(io, z.array(z.string()).parse(names), parseOptions(Options, options).force),
    );
}

/** All are looked up first: one that is refused removes none. */
async function rm(io: Io, names: readonly string[], force: boolean): Promise<void> {
  const found = names.map((name) => findFolder(io, name));
  for (const one of found) if (!force) refuseLiving(one);
  for (const one of found) {
    if (one.kind === "run") await stopRun(io, one.run, stopSeconds);
    removeRun(one.kind === "run" ? one.run.folder : one.folder);
    io.out(`${one.kind === "run" ? one.run.id : one.id}\n`);
  }
}

function refuseLiving(found: Found): void {
  if (found.kind === "broken" || !isLiving(found.run.state)) return;
  const { id } = found.run;
  throw new ChimeraError("usage", `${id} is ${found.run.state.kind}: chimera stop ${id} first, or --force`);
}
