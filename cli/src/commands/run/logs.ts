/** SHELL. `chimera logs NAME`: what a run or a node's session wrote, as it is in a pipe, and without what a terminal would act on at one. */
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { bytes } from "../../print/units.ts";
import { isLiving } from "../../run-session/record/run-state.ts";
import { isAlive } from "../../run-session/runs/processes.ts";
import { followLog, writeLog } from "../../run-session/runs/read-log.ts";
import { readCut } from "../../run-session/runs/read-cut.ts";
import { files } from "../../run-session/runs/run-files.ts";
import { readRun, type Run } from "../../run-session/runs/run-store.ts";
import { whateverIsMeant } from "../../sessions/address.ts";
import { addWhereOptions, whereOf, WhereOptions } from "../../sessions/with-road.ts";

const Options = WhereOptions.extend({
  follow: z.boolean().default(false),
  tail: z.coerce
    .number("a number of lines")
    .int("a whole number")
    .min(0, "not below 0")
    .max(1_000_000, "at most a million")
    .optional(),
  raw: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addWhereOptions(command)
    .description("Show what a run of this machine wrote, or a session of a node, also after its end.")
    .argument("<session>", "its name, or NODE/SESSION")
    .option("-f, --follow", "go on until the run ends")
    .option("-n, --tail <count>", "only the last lines (default: all)")
    .option("--raw", "every byte as it is, also to a terminal, which may act on it")
    .addHelpText(
      "after",
      examples([
        "chimera logs backup",
        "chimera logs -f -n 20 backup",
        "chimera logs backup.3 > backup.log",
        "chimera logs --tail 50 web-1/deploy-7",
      ]),
    )
    .action(async (session: unknown, options: unknown) =>
      logs(io, z.string().parse(session), parseOptions(Options, options)),
    );
}

async function logs(io: Io, text: string, options: Options): Promise<void> {
  const { follow: isFollowed, tail: lines = Infinity, raw: isRaw } = options;
  await whateverIsMeant(
    io,
    { text, where: whereOf(options) },
    {
      run: (run) => ownLogs(io, run, options),
      session: async (road, found) => {
        const { logsSession } = await import("../../sessions/logs-session.ts");
        await logsSession(io, { road, found, isFollowed, lines, isRaw });
      },
    },
  );
}

async function ownLogs(io: Io, run: Run, { follow, tail: lines = Infinity, raw }: Options): Promise<void> {
  if (run.record.mode === "foreground") {
    throw new ChimeraError(
      "not-found",
      `${run.id} ran in the foreground: what it wrote went to whoever called it`,
    );
  }
  const goesOn = (): boolean => follow && mayWrite(io, run);
  const { folder, record } = run;
  const dropped = (): number => readCut(folder).dropped;
  const onGap = (count: number): void =>
    io.err(`chimera: ${bytes(count)} of its output are gone here${keptText(record.asked.logLimit)}\n`);
  const chunks = followLog(io, join(folder, files.output), { lines, dropped, onGap, goesOn });
  await writeLog(chunks, io.outTty && !raw);
}

function keptText(limit: number | null | undefined): string {
  return typeof limit === "number" ? `: the newest ${bytes(limit)} are kept (chimera run --log-limit)` : "";
}

/** The keeper puts the last of it into the log after it has noted the end. */
function mayWrite(io: Io, { id }: Run): boolean {
  const found = readRun(io, id);
  if (found.kind === "broken") return false;
  const { state, record } = found.run;
  return isLiving(state) || (record.started !== null && isAlive(record.started.keeper));
}
