/** PURE. Nix's internal-json log: how many derivations are built, and the last words of the one that failed. */
import { z } from "zod";
import { printable } from "../print/printable.ts";

/** Numbers of nix's logging.hh. */
const activity = { copy: 100, copies: 103, builds: 104, build: 105 } as const;
const result = { buildLogLine: 101, progress: 105 } as const;
const errorLevel = 0;
const keptLines = 20;

const Line = z.object({
  action: z.enum(["start", "stop", "result", "msg"]),
  id: z.number().optional(),
  type: z.number().optional(),
  level: z.number().optional(),
  msg: z.string().optional(),
  raw_msg: z.string().optional(),
  fields: z.array(z.union([z.string(), z.number()])).optional(),
});
type Line = z.infer<typeof Line>;

export interface Progress {
  done: number;
  total: number;
}

export interface BuildLog {
  /** Takes one line of stderr; true when what is counted below changed. */
  read(line: string): boolean;
  /** Derivations built, paths copied. */
  built: Progress;
  copied: Progress;
  /** Of all paths that are or were being copied. */
  copiedBytes: { done: number };
  /** Nix's error and the last log lines, printable. */
  failure(): string;
}

interface Collected {
  log: Pick<BuildLog, "built" | "copied" | "copiedBytes">;
  /** By id of Nix's activity. */
  counters: Map<number, Progress>;
  builds: Map<number, string>;
  /** Bytes so far of each path that is being copied. */
  copies: Map<number, number>;
  tail: string[];
  errors: string[];
}

export function createBuildLog(): BuildLog {
  const log = { built: { done: 0, total: 0 }, copied: { done: 0, total: 0 }, copiedBytes: { done: 0 } };
  const maps = { counters: new Map(), builds: new Map(), copies: new Map() };
  const collected: Collected = { log, ...maps, tail: [], errors: [] };
  const { tail, errors } = collected;
  return {
    ...log,
    read(text) {
      const line = parseLine(text);
      if (line !== undefined) return take(collected, line);
      // Before its logger is set up Nix writes plain words: they are the error then.
      keep(errors, text);
      return false;
    },
    failure: () => [...errors, ...missingFrom(errors, tail)].join("\n").trim() || "it gave no reason",
  };
}

function take(collected: Collected, line: Line): boolean {
  if (line.action === "start") begin(collected, line);
  if (line.action === "msg" && line.level === errorLevel) keep(collected.errors, line.msg ?? "");
  return line.action === "result" && takeResult(collected, line);
}

function begin({ log, counters, builds, copies }: Collected, { type, id = -1, fields }: Line): void {
  if (type === activity.builds) counters.set(id, log.built);
  if (type === activity.copies) counters.set(id, log.copied);
  if (type === activity.copy) copies.set(id, 0);
  if (type === activity.build) builds.set(id, derivationName(fields?.[0]));
}

function takeResult(collected: Collected, { type, id = -1, fields = [] }: Line): boolean {
  const [first = 0, second = 0] = fields;
  if (type === result.progress)
    return takeProgress(collected, id, { done: Number(first), total: Number(second) });
  if (type !== result.buildLogLine) return false;
  const name = collected.builds.get(id);
  keep(collected.tail, `${name === undefined ? "" : `${name}> `}${first}`);
  return false;
}

function takeProgress({ log, counters, copies }: Collected, id: number, progress: Progress): boolean {
  const before = copies.get(id);
  const counter = counters.get(id);
  if (counter !== undefined) Object.assign(counter, progress);
  if (before !== undefined) {
    // Nix counts each path from zero.
    copies.set(id, progress.done);
    log.copiedBytes.done += progress.done - before;
  }
  return before !== undefined || counter !== undefined;
}

function keep(lines: string[], text: string): void {
  lines.push(printable(text).slice(0, 4000));
  if (lines.length > keptLines) lines.shift();
}

function parseLine(text: string): Line | undefined {
  if (!text.startsWith("@nix ")) return undefined;
  try {
    return Line.safeParse(JSON.parse(text.slice("@nix ".length))).data;
  } catch {
    return undefined;
  }
}

/** Nix repeats the last log lines in its error: show them once. */
function missingFrom(errors: readonly string[], tail: readonly string[]): string[] {
  const said = errors.join("\n");
  return tail.filter((line) => !said.includes(line.slice(line.indexOf("> ") + 2)));
}

function derivationName(path: string | number | undefined): string {
  return String(path ?? "")
    .replace(/^\/nix\/store\/[^-]*-/u, "")
    .replace(/\.drv$/u, "");
}
