/**
 * SHELL. The agent's own client of one tmux session, in control mode over pipes: it hears every byte that the session's programs write, and asks
 * tmux for what it must know. Commands are made of words that mean nothing to tmux's own parser but themselves.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { ChimeraError } from "@chimera/proto/errors";
import { createControlReader, type ControlEvent } from "../../sessions/control-protocol.ts";
import { toolEnvironment } from "../run.ts";
import { inTurn, noteClient } from "./tmux-turn.ts";

export interface ControlClientOptions {
  socket: string;
  /** tmux's own id, as "$3": names may mean something else to tmux. */
  session: string;
  /** Else nothing of what its programs write comes here. */
  hearsOutput?: boolean;
  onOutput: (pane: string, bytes: Uint8Array) => void;
  /** tmux sends no more of that pane before it is told to. */
  onPaused: (pane: string) => void;
  /** Between the pieces of output where it came. */
  onNotice?: (name: string, words: string) => void;
  /** Once, whatever the reason: the session ended, the server did, or nobody knows what was said. */
  onEnd: (reason: string) => void;
}

/** Of each command its lines. */
type Answers = readonly (readonly Uint8Array[])[];

export interface ControlClient {
  /** The answers to commands that tmux carries out in one go. Throws tool-failed when one was refused, or nobody is there to answer. */
  ask: (...commands: readonly (readonly string[])[]) => Promise<Answers>;
  /** The same; `atAnswer` is called between the output that came before the last answer and what comes after it. */
  askAt: <T>(atAnswer: (answers: Answers) => T, ...commands: readonly (readonly string[])[]) => Promise<T>;
  /** One whose answer has lines that programs wrote, and in the same moment what tmux says to the format: `atAnswer` is called between the same output. */
  askSealed: <T>(atAnswer: (lines: readonly Uint8Array[], told: string) => T, asked: SealedAsk) => Promise<T>;
  /** Lets go of the session, which goes on. */
  close: () => void;
}

interface SealedAsk {
  command: readonly string[];
  pane: string;
  format: string;
}

/** Behind by so many seconds tmux stops sending, instead of the client's end after five minutes. */
const pauseAfterSeconds = 1;
const plainWord = /^[A-Za-z0-9%$@=:_.,+/#{}-]+$/;

interface Asked {
  left: number;
  /** Where the first answer has what programs wrote: those after it begin so. */
  seal: string | null;
  answers: (readonly Uint8Array[])[];
  resolve: (answers: Answers) => void;
  reject: (error: ChimeraError) => void;
}

/** Resolves when tmux has attached it. Throws tool-failed where there is no such session, tool-missing without tmux. */
export function openControlClient(options: ControlClientOptions): Promise<ControlClient> {
  return inTurn(options.socket, () => attachClient(options));
}

async function attachClient(options: ControlClientOptions): Promise<ControlClient> {
  const { socket, session } = options;
  const child = spawnClient(options);
  const gone = new Promise((resolve) => child.once("close", resolve));
  noteClient(socket, { session, gone });
  /** Others attach before or after, and never meanwhile. */
  const leave = (go: () => void): void =>
    void inTurn(socket, () => {
      go();
      return gone;
    });
  const line: Line = { waiting: [], ended: null, write: (text) => void child.stdin.write(text) };
  let errors = "";
  const end = (reason: string): void => {
    if (line.ended !== null) return;
    line.ended = errors.trim() === "" ? reason : `${reason}: ${errors.trim()}`;
    for (const asked of line.waiting.splice(0)) asked.reject(failed(line.ended));
    leave(() => child.kill("SIGTERM"));
    options.onEnd(line.ended);
  };
  const reader = createControlReader(() => sealOf(line.waiting));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = `${errors}${text}`.slice(-500)));
  child.stdout.on("data", (bytes: Buffer) => {
    for (const event of reader.take(bytes)) heed(event, { waiting: line.waiting, options, end });
  });
  child.stdin.on("error", () => end("tmux does not listen any more"));
  child.on("error", (error) => end(error.message));
  child.on("close", () => end("tmux let it go"));
  // To the attaching itself.
  await answersTo(line.waiting, { count: 1, seal: null, atAnswer: (answers) => answers });
  return {
    askAt: (atAnswer, ...commands) => askAt(line, commands, atAnswer),
    ask: (...commands) => askAt(line, commands, (answers) => answers),
    askSealed: (atAnswer, asked) => askSealed(line, asked, atAnswer),
    close: () => leave(() => child.stdin.end()),
  };
}

interface Line {
  waiting: Asked[];
  /** Why nobody is there any more. */
  ended: string | null;
  write: (text: string) => void;
}

// Neither is async: a word that is none is a bug of whoever asks, and is thrown at him.
function askAt<T>(
  { waiting, ended, write }: Line,
  commands: readonly (readonly string[])[],
  atAnswer: (answers: Answers) => T,
): Promise<T> {
  if (ended !== null) return Promise.reject(failed(ended));
  write(lineOf(commands));
  return answersTo(waiting, { count: commands.length, seal: null, atAnswer });
}

function askSealed<T>(
  { waiting, ended, write }: Line,
  { command, pane, format }: SealedAsk,
  atAnswer: (lines: readonly Uint8Array[], told: string) => T,
): Promise<T> {
  if (ended !== null) return Promise.reject(failed(ended));
  const seal = randomBytes(16).toString("hex");
  const sealed = ["display-message", "-p", "-t", pane, `${seal}:${format}`];
  // A command that is refused ends its line: the seal comes on one of its own, too.
  write(lineOf([command, sealed]) + lineOf([["display-message", "-p", seal]]));
  const answered = answersTo(waiting, {
    count: 2,
    seal,
    atAnswer: ([lines = [], told = []]) => atAnswer(lines, textOf(told[0]).slice(seal.length + 1)),
  });
  answersTo(waiting, { count: 1, seal: null, atAnswer: () => undefined }).catch(() => undefined);
  return answered;
}

function spawnClient({ socket, session, hearsOutput = true }: ControlClientOptions) {
  // Never without `-N`: a client would start a server outside the sentinel's unit.
  const flags = `${hearsOutput ? `pause-after=${pauseAfterSeconds}` : "no-output"},ignore-size`;
  return spawn("tmux", ["-N", "-S", socket, "-C", "attach-session", "-f", flags, "-t", session], {
    env: { ...toolEnvironment(), TERM: "xterm-256color" },
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe"],
  });
}

interface Wanted<T> {
  count: number;
  seal: string | null;
  atAnswer: (answers: Answers) => T;
}

function answersTo<T>(waiting: Asked[], { count, seal, atAnswer }: Wanted<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  waiting.push({ left: count, seal, answers: [], resolve: (answers) => resolve(atAnswer(answers)), reject });
  return promise;
}

function sealOf([asked]: readonly Asked[]): string | null {
  return asked?.answers.length === 0 ? asked.seal : null;
}

interface Heeding {
  waiting: Asked[];
  options: ControlClientOptions;
  end: (reason: string) => void;
}

function heed(event: ControlEvent, { waiting, options, end }: Heeding): void {
  switch (event.kind) {
    case "output":
      return options.onOutput(event.pane, event.bytes);
    case "paused":
      return options.onPaused(event.pane);
    case "answer":
      return answer(event, waiting);
    case "exit":
      return end(event.reason === "" ? "the session is over" : event.reason);
    case "unreadable":
      return end(`tmux is not understood: ${event.reason}`);
    case "notice":
      return options.onNotice?.(event.name, event.words);
  }
}

/** Of several commands on one line the first that is refused ends the line. */
function answer({ isOk, lines }: Extract<ControlEvent, { kind: "answer" }>, waiting: Asked[]): void {
  const [asked] = waiting;
  if (asked === undefined) return;
  asked.answers.push(lines);
  asked.left -= 1;
  if (isOk && asked.left > 0) return;
  waiting.shift();
  if (isOk) asked.resolve(asked.answers);
  else
    asked.reject(
      failed(
        lines
          .map((line) => textOf(line))
          .join(" ")
          .slice(0, 300),
      ),
    );
}

function textOf(line: Uint8Array | undefined): string {
  return Buffer.from(line ?? []).toString("utf8");
}

function failed(reason: string): ChimeraError {
  return new ChimeraError("tool-failed", `tmux: ${reason}`);
}

/** Throws a RangeError, as a bug does: nothing that comes from outside is ever a word of a command. */
function lineOf(commands: readonly (readonly string[])[]): string {
  return `${commands.map((words) => commandOf(words)).join(" ; ")}\n`;
}

function commandOf(words: readonly string[]): string {
  for (const word of words)
    if (!plainWord.test(word)) throw new RangeError(`"${word}" is no plain word of a command`);
  // Outside of quotes a hash begins a comment, and a percent sign may begin a condition.
  return words.map((word) => `'${word}'`).join(" ");
}
