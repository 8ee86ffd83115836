/** PURE. What an order says that starts sessions on nodes, or that gives somebody the keyboard of one. */
import { z } from "zod";
import { Digest, IsoTime, shortDigest } from "../names.ts";
import { ExchangeHalf } from "./keyboard.ts";
import { SessionName, SessionRun } from "./session.ts";

/** Of all words together: orders stand beside each other in one message of the store. */
export const maxArgvBytes = 16 * 1024;
const maxWords = 1024;
/** Sessions of one order on one node. */
export const maxCopies = 256;
/** Sessions of all orders that run on one node at the same time. */
export const maxExecSessions = 256;
const maxTimeoutSeconds = 7 * 86_400;
/** The longest that somebody holds a keyboard without signing again. */
export const maxKeyboardMs = 8 * 3_600_000;

/** A program and its words as the kernel takes them. No shell reads them: a word of spaces and quotes is one word. */
export const Argv = z
  .array(z.string().regex(/^[^\0]*$/u, "no word of a command has a zero byte"))
  .min(1, "a command has a program")
  .max(maxWords, `a command has at most ${maxWords} words`)
  .refine(([program]) => program !== "", "the program has no name")
  .refine((words) => argvBytes(words) <= maxArgvBytes, `a command has at most ${maxArgvBytes} bytes`);

/** As the kernel counts: each word with its end. */
function argvBytes(words: readonly string[]): number {
  const encoder = new TextEncoder();
  return words.reduce((sum, word) => sum + encoder.encode(word).length + 1, 0);
}

export const ExecAction = z.object({
  kind: z.literal("exec"),
  argv: Argv,
  /** So many of it on each node, at once. */
  copies: z.int().min(1).max(maxCopies),
  /** `terminal`: somebody may type there; `log`: every byte of output, by its position. */
  output: z.enum(["terminal", "log"]),
  /** Whatever still runs then is ended by its node. */
  timeoutSeconds: z.int().min(1).max(maxTimeoutSeconds),
  /** Of its nodes so many run it at the same time, in the sequence in which they are named; null: all. */
  atOnce: z.int().min(1).max(10_000).nullable(),
});
export type ExecAction = z.infer<typeof ExecAction>;

export const EndAction = z.object({
  kind: z.literal("exec-end"),
  /** The order for a command whose sessions are ended: those that were started, wherever they still run. */
  order: Digest,
  signal: z.enum(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"]),
});
export type EndAction = z.infer<typeof EndAction>;

export const KeyboardAction = z.object({
  kind: z.literal("keyboard"),
  session: SessionName,
  /** What was seen there: keys must not go to another one of that name. */
  run: SessionRun,
  /** The operator's half of the key exchange. */
  half: ExchangeHalf,
  until: IsoTime,
  /** Also from whoever holds it. */
  take: z.boolean(),
  /** The order by which it was held when this one was signed; null: nobody held it. Absent: an older writer, whose clock decides. */
  replaces: Digest.nullable().optional(),
  /** He who signs holds it by that order himself, and goes on. */
  renews: z.boolean().optional(),
});
export type KeyboardAction = z.infer<typeof KeyboardAction>;

type SessionKinds = "exec" | "exec-end" | "keyboard";

/** That it is about sessions: a node does something once, and accepts nothing that it keeps. */
export function isSessionAction<A extends { kind: string }>(
  action: A,
): action is Extract<A, { kind: SessionKinds }> {
  return action.kind === "exec" || action.kind === "exec-end" || action.kind === "keyboard";
}

/** Whether a session is one of those that an order for a command starts. */
export function isOfOrder(order: Digest, session: string): boolean {
  const name = `exec-${shortDigest(order)}`;
  return session === name || session.startsWith(`${name}-`);
}

/** Sessions of an order, by its id: the same names on every node. */
export function execSessions(order: Digest, { copies }: Pick<ExecAction, "copies">): SessionName[] {
  const name = `exec-${shortDigest(order)}`;
  if (copies === 1) return [SessionName.parse(name)];
  return Array.from({ length: copies }, (_, i) => SessionName.parse(`${name}-${i + 1}`));
}
