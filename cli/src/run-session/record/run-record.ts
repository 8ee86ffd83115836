/** PURE. What is kept of a run for as long as it is listed: a versioned file, written whole, that outlives tmux. */
import { IsoTime } from "@chimera/proto/names";
import { SessionName } from "@chimera/proto/sessions/session";
import { z } from "zod";

/** A process that cannot be taken for another one: pids come again, its start time and its boot do not. */
export const Process = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat. */
  startTicks: z.int().nonnegative(),
  boot: z.string().min(1).max(64),
});
export type Process = z.infer<typeof Process>;

/** As the kernel takes them: one of them has at most 128 KiB. */
const Word = z.string().max(131_072);
const Words = z.array(Word).min(1).max(100_000);
const Path = z.string().min(1).max(4096);

/**
 * `foreground`: its streams are those of whoever called, and nothing is kept of its output.
 * `terminal`: it has a terminal of its own in tmux. `log`: it has none and writes to a file, which outlives tmux.
 */
export const Mode = z.enum(["foreground", "terminal", "log"]);
export type Mode = z.infer<typeof Mode>;

/** What was typed, so that it can be done again. */
export const Asked = z.object({
  words: Words,
  /** Typed behind `--`: never a file. */
  isCommand: z.boolean(),
  cwd: Path,
  env: z.string().max(4096).nullable(),
  noNix: z.boolean(),
  loose: z.boolean(),
  /** So many of the newest bytes of its log are kept; null: all. Absent: an older chimera's, which kept all. */
  logLimit: z.int().positive().nullable().optional(),
});
export type Asked = z.infer<typeof Asked>;

export const Ending = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("exited"), code: z.int().min(0).max(255) }),
  z.object({ kind: z.literal("signalled"), signal: z.string().max(16), number: z.int().positive().max(127) }),
  /** Its terminal went away, and it with it. */
  z.object({ kind: z.literal("hung-up"), number: z.int().positive().max(127) }),
  z.object({ kind: z.literal("not-started"), code: z.int().min(126).max(127), reason: z.string().max(1024) }),
]);
export type Ending = z.infer<typeof Ending>;

export const RunRecord = z.object({
  v: z.literal(1),
  name: SessionName,
  /** Counts the runs of that name. */
  n: z.int().positive(),
  mode: Mode,
  asked: Asked,
  environment: z.object({
    kind: z.string().max(32),
    text: z.string().max(8192),
    /** What its GC root holds. */
    store: Path.nullable(),
  }),
  command: Words,
  createdAt: IsoTime,
  /** The `chimera run` that made it. */
  maker: Process,
  started: z.object({ at: IsoTime, keeper: Process, child: Process.nullable() }).nullable(),
  ended: z.object({ at: IsoTime, how: Ending }).nullable(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** "deploy.3", by which an earlier run of a name is addressed, and the name of its folder. */
export function runId({ name, n }: Pick<RunRecord, "name" | "n">): string {
  return `${name}.${n}`;
}

/** Undefined for what is no such folder. */
export function parseRunId(id: string): { name: SessionName; n: number } | undefined {
  const [, text = "", n] = /^(?<name>.*)\.(?<n>[1-9][0-9]{0,8})$/u.exec(id) ?? [];
  const name = SessionName.safeParse(text);
  return name.success && n !== undefined ? { name: name.data, n: Number(n) } : undefined;
}
