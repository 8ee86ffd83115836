/** SHELL. `chimera ps`: the runs of this machine's user, living and ended. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { printableJson } from "../../print/printable.ts";
import { psTable, type RunRow } from "../../print/run/ps-table.ts";
import type { RunRecord } from "../../run-session/record/run-record.ts";
import { isLiving } from "../../run-session/record/run-state.ts";
import { readCut } from "../../run-session/runs/read-cut.ts";
import { files } from "../../run-session/runs/run-files.ts";
import { listRuns, type Found, type Run } from "../../run-session/runs/run-store.ts";

const Options = z.object({ all: z.boolean().default(false), json: z.boolean().default(false) });

const recentMs = 24 * 3600 * 1000;

export function define(command: Command, io: Io): void {
  command
    .description("Show the runs of this machine: those that live, and those that ended within a day.")
    .option("-a, --all", "also those that ended before")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera ps", "chimera ps --all --json | jq '.runs[].name'"]))
    .action((options: unknown) => ps(io, parseOptions(Options, options)));
}

function ps(io: Io, { all, json }: z.infer<typeof Options>): void {
  const nowMs = io.nowMs();
  const rows = listRuns(io)
    .map((found) => toRow(found, nowMs))
    .filter((row) => all || row.endedMsAgo === null || row.endedMsAgo < recentMs)
    .toSorted((a, b) => (b.createdAt ?? "").localeCompare(a.createdAt ?? ""));
  io.out(
    json
      ? `${printableJson({ at: new Date(nowMs).toISOString(), runs: rows }, 2)}\n`
      : psTable(rows, io.paint),
  );
}

function toRow(found: Found, nowMs: number): RunRow {
  if (found.kind === "run") return rowOf(found.run, nowMs);
  const { id, reason } = found;
  return {
    ...noTimes,
    id,
    name: id.replace(/\.[0-9]+$/u, ""),
    state: "unreadable",
    why: reason,
    exit: null,
    mode: null,
    environment: null,
    command: [],
    pid: null,
    logBytes: null,
    droppedBytes: 0,
    logTrouble: null,
  };
}

const noTimes: Pick<RunRow, "createdAt" | "startedAt" | "endedAt" | "lastedMs" | "endedMsAgo"> = {
  createdAt: null,
  startedAt: null,
  endedAt: null,
  lastedMs: null,
  endedMsAgo: null,
};

function rowOf({ id, folder, record, state }: Run, nowMs: number): RunRow {
  const { name, mode, environment, command, started } = record;
  return {
    id,
    name,
    state: state.kind,
    why: state.kind === "lost" ? state.why : null,
    exit: state.kind === "ended" ? state.code : null,
    mode,
    environment: environment.text,
    command,
    pid: isLiving(state) ? (started?.child?.pid ?? null) : null,
    ...timesOf(record, { isOver: !isLiving(state), nowMs }),
    ...logOf(folder, mode),
  };
}

function logOf(
  folder: string,
  mode: RunRecord["mode"],
): Pick<RunRow, "logBytes" | "droppedBytes" | "logTrouble"> {
  if (mode === "foreground") return { logBytes: null, droppedBytes: 0, logTrouble: null };
  const logBytes = statSync(join(folder, files.output), { throwIfNoEntry: false })?.size ?? 0;
  const { dropped, trouble } = readCut(folder);
  return { logBytes, droppedBytes: dropped, logTrouble: trouble };
}

/** When a lost run ended nobody knows: it counts from when it began. */
function timesOf(
  { createdAt, started, ended }: RunRecord,
  { isOver, nowMs }: { isOver: boolean; nowMs: number },
): typeof noTimes {
  const startedAt = started?.at ?? null;
  const begunMs = Date.parse(startedAt ?? createdAt);
  if (!isOver) return { createdAt, startedAt, endedAt: null, lastedMs: nowMs - begunMs, endedMsAgo: null };
  if (ended === null) return { ...noTimes, createdAt, startedAt, endedMsAgo: Math.max(0, nowMs - begunMs) };
  const endMs = Date.parse(ended.at);
  const endedMsAgo = Math.max(0, nowMs - endMs);
  return { createdAt, startedAt, endedAt: ended.at, lastedMs: endMs - begunMs, endedMsAgo };
}
