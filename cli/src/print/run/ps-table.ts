/** PURE. `chimera ps` for people. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { bytes, duration } from "../units.ts";

export interface RunRow {
  id: string;
  name: string;
  state: "starting" | "running" | "unwatched" | "ended" | "lost" | "unreadable";
  why: string | null;
  exit: number | null;
  mode: string | null;
  environment: string | null;
  command: readonly string[];
  pid: number | null;
  createdAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  lastedMs: number | null;
  endedMsAgo: number | null;
  /** Of its output so far, and of these the first ones that its log no longer has. Null where it has no log. */
  logBytes: number | null;
  droppedBytes: number;
  /** Why its log grows beyond its limit. */
  logTrouble: string | null;
}

const head = ["NAME", "STATE", "LASTED", "ENDED", "ENVIRONMENT", "COMMAND"];
const widest = 60;

export function psTable(rows: readonly RunRow[], paint: Paint): string {
  if (rows.length === 0) return "no runs (chimera run makes one)\n";
  const living = new Set(rows.filter(({ endedMsAgo }) => endedMsAgo === null).map(({ name }) => name));
  const newest = new Map(rows.toReversed().map(({ name, id }) => [name, id]));
  const lines = rows.map((row) => [
    // An earlier run is addressed by its number.
    newest.get(row.name) === row.id || (row.endedMsAgo === null && living.has(row.name)) ? row.name : row.id,
    stateText(row, paint),
    row.lastedMs === null ? "-" : duration(row.lastedMs),
    row.endedMsAgo === null ? "-" : `${duration(row.endedMsAgo)} ago`,
    cut(row.environment ?? "-", 40),
    cut(row.command.join(" ") || "-", widest),
  ]);
  const notes = rows.flatMap((row) => notesOf(row).map((note) => `${row.id}: ${printableLine(note)}\n`));
  return `${table(head, lines, paint)}${notes.join("")}`;
}

function notesOf({ why, logBytes, droppedBytes, logTrouble }: RunRow): string[] {
  const isCut = droppedBytes > 0 && logBytes !== null;
  return [
    ...(why === null ? [] : [why]),
    ...(isCut
      ? [`of ${bytes(logBytes)} that it wrote the oldest ${bytes(droppedBytes)} are gone (--log-limit)`]
      : []),
    ...(logTrouble === null ? [] : [`its log grows beyond its limit: ${logTrouble}`]),
  ];
}

function stateText({ state, exit, mode }: RunRow, paint: Paint): string {
  switch (state) {
    case "running":
      return paint("green", mode === "foreground" ? "foreground" : "running");
    case "ended":
      return exit === 0 ? "ended 0" : paint("red", `ended ${exit ?? "?"}`);
    case "lost":
    case "unreadable":
      return paint("red", state);
    case "unwatched":
      return paint("yellow", state);
    case "starting":
      return state;
  }
}

function cut(text: string, length: number): string {
  const line = printableLine(text);
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
