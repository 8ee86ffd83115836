/** PURE. Sessions on a node, as everybody names and sees them: something runs in a terminal that nobody needs to watch. */
import { z } from "zod";
import { Count, Digest, IsoTime } from "../names.ts";

/** A subject's token, a file's name and a name in tmux without a meaning there: no dot, no colon, no capital letter. */
export const SessionName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "a session's name has 1-63 of a-z, 0-9 and -, no - at its begin")
  .brand<"SessionName">();
export type SessionName = z.infer<typeof SessionName>;

export const sessionKinds = ["sentinel", "rollout", "deploy", "task", "run"] as const;
export const SessionKind = z.enum(sessionKinds);
export type SessionKind = z.infer<typeof SessionKind>;

const sixteenDigits = /^[0-9a-f]{16}$/;

/** 64 random bits: two sessions of one name are two runs. */
export const SessionRun = z.string().regex(sixteenDigits, "a run has 16 hex digits");
export type SessionRun = z.infer<typeof SessionRun>;

/**
 * Within which positions in a session's output mean something: its run, where the output is kept in a file; else as long as
 * one agent has listened to it.
 */
export const StreamId = z.string().regex(sixteenDigits, "a stream has 16 hex digits");
export type StreamId = z.infer<typeof StreamId>;

/** What a terminal may be; a larger one is somebody's mistake. */
export const TerminalSize = z.object({
  columns: z.int().min(20).max(500),
  rows: z.int().min(5).max(200),
});
export type TerminalSize = z.infer<typeof TerminalSize>;

export const SessionState = z.enum([
  "running",
  /** With an exit code or a signal. */
  "ended",
  /** Nobody saw its end: the machine, or what watched it, went first. */
  "lost",
]);
export type SessionState = z.infer<typeof SessionState>;

export const KeyboardHolder = z.object({
  /** Id of the order that gave it. */
  order: Digest,
  holder: z.string().max(256),
  until: IsoTime,
});
export type KeyboardHolder = z.infer<typeof KeyboardHolder>;

export const SessionFacts = z.object({
  name: SessionName,
  kind: SessionKind,
  run: SessionRun,
  state: SessionState,
  /** What runs there, and who wanted it: for people. */
  what: z.string().max(512),
  createdAt: IsoTime,
  endedAt: IsoTime.nullable(),
  exitCode: z.int().min(0).max(255).nullable(),
  /** As "SIGTERM". */
  signal: z.string().max(16).nullable(),
  size: TerminalSize,
  /** `terminal`: its programs have a terminal, and write for it; `log`: they write lines into a file. */
  output: z.enum(["terminal", "log"]),
  /** Of its output so far. */
  bytes: Count,
  /** Of these the first ones that the node no longer has: its disk keeps the newest. Absent: it has all of them. */
  dropped: Count.optional(),
  /** Of what its node has recorded of it since somebody was given its keyboard. Absent: nothing. */
  recordedBytes: Count.optional(),
  /** What else there is to say, as why it is lost. */
  note: z.string().max(512).optional(),
  viewers: Count,
  /** Who may type there now; null: nobody. */
  keyboard: KeyboardHolder.nullable(),
});
export type SessionFacts = z.infer<typeof SessionFacts>;

/** Of a kind whose output is kept where it can be read when its node is gone. */
export function isKept(kind: SessionKind): boolean {
  return kind === "rollout" || kind === "deploy" || kind === "task";
}
