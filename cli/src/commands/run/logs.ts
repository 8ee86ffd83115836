/** SHELL. `chimera logs NAME`: what a run wrote, as it is in a pipe, and without what a terminal would act on at one. */
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { isLiving } from "../../run-session/record/run-state.ts";
import { findRun } from "../../run-session/runs/find-run.ts";
import { isAlive } from "../../run-session/runs/processes.ts";
import { followLog, writeLog } from "../../run-session/runs/read-log.ts";
import { files } from "../../run-session/runs/run-files.ts";
import { readRun, type Run } from "../../run-session/runs/run-store.ts";

const Options = z.object({
  follow: z.boolean().default(false),
  lines: z.coerce.number("a number of lines").int("a whole number").min(0, "not below 0").optional(),
  raw: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  command
    .description("Show what a run wrote, also after its end.")
    .argument("<session>", "its name")
    .option("-f, --follow", "go on until the run ends")
    .option("-n, --lines <count>", "only the last lines (default: all)")
    .option("--raw", "every byte as it is, also to a terminal, which may act on it")
    .addHelpText(
      "after",
      examples(["chimera logs backup", "chimera logs -f -n 20 backup", "chimera logs backup.3 > backup.log"]),
    )
    .action(async (session: unknown, options: unknown) =>
      logs(io, z.string().parse(session), parseOptions(Options, options)),
    );
}

async function logs(io: Io, name: string, { follow, lines = Infinity, raw }: Options): Promise<void> {
  const run = findRun(io, name);
  if (run.record.mode === "foreground") {
    throw new ChimeraError(
      "not-found",
      `${run.id} ran in the foreground: what it wrote went to whoever called it`,
    );
  }
  const goesOn = (): boolean => follow && mayWrite(io, run);
  const chunks = followLog(io, join(run.folder, files.output), { lines, goesOn });
  await writeLog(chunks, io.outTty && !raw);
}

/** The keeper puts the last of it into the log after it has noted the end. */
function mayWrite(io: Io, { id }: Run): boolean {
  const found = readRun(io, id);
  if (found.kind === "broken") return false;
  const { state, record } = found.run;
  return isLiving(state) || (record.started !== null && isAlive(record.started.keeper));
}
