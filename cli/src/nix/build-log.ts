/** PURE. Nix's internal-json log: how many derivations are built, and the last words of the one that failed. */
import { z } from "zod";
import { printable } from "../print/printable.ts";

/** Numbers of nix's logging.hh. */
const activity = { copies: 103, builds: 104, build: 105 } as const;
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
  /** Nix's error and the last log lines, printable. */
  failure(): string;
}

interface Collected {
  log: Pick<BuildLog, "built" | "copied">;
  /** By id of Nix's activity. */
  counters: Map<number, Progress>;
  builds: Map<number, string>;
  tail: string[];
  errors: string[];
}

export function createBuildLog(): BuildLog {
  const log = { built: { done: 0, total: 0 }, copied: { done: 0, total: 0 } };
  const collected: Collected = { log, counters: new Map(), builds: new Map(), tail: [], errors: [] };
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

function begin({ log, counters, builds }: Collected, { type, id = -1, fields }: Line): void {
  if (type === activity.builds) counters.set(id, log.built);
  if (type === activity.copies) counters.set(id, log.copied);
  if (type === activity.build) builds.set(id, derivationName(fields?.[0]));
}

function takeResult({ counters, builds, tail }: Collected, { type, id = -1, fields = [] }: Line): boolean {
  const [first = 0, second = 0] = fields;
  if (type === result.buildLogLine) {
    const name = builds.get(id);
    keep(tail, `${name === undefined ? "" : `${name}> `}${first}`);
  }
  const counter = counters.get(id);
  if (type !== result.progress || counter === undefined) return false;
  counter.done = Number(first);
  counter.total = Number(second);
  return true;
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
