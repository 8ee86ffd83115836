/**
 * SHELL. The agent's own client of one tmux session, in control mode over pipes: it hears every byte that the session's programs write, and asks
 * tmux for what it must know. Commands are made of words that mean nothing to tmux's own parser but themselves.
 */
import { spawn } from "node:child_process";
import { ChimeraError } from "@chimera/proto/errors";
import { createControlReader, type ControlEvent } from "../../sessions/control-protocol.ts";
import { toolEnvironment } from "../run.ts";

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
  /** Lets go of the session, which goes on. */
  close: () => void;
}

/** Behind by so many seconds tmux stops sending, instead of the client's end after five minutes. */
const pauseAfterSeconds = 1;
const plainWord = /^[A-Za-z0-9%$@=:_.,+/#{}-]+$/;

interface Asked {
  left: number;
  answers: (readonly Uint8Array[])[];
  resolve: (answers: Answers) => void;
  reject: (error: ChimeraError) => void;
}

/** Resolves when tmux has attached it. Throws tool-failed where there is no such session, tool-missing without tmux. */
export async function openControlClient(options: ControlClientOptions): Promise<ControlClient> {
  const child = spawnClient(options);
  const waiting: Asked[] = [];
  let ended: string | null = null;
  let errors = "";
  const end = (reason: string): void => {
    if (ended !== null) return;
    ended = errors.trim() === "" ? reason : `${reason}: ${errors.trim()}`;
    for (const asked of waiting.splice(0)) asked.reject(failed(ended));
    child.kill("SIGTERM");
    options.onEnd(ended);
  };
  const reader = createControlReader();
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = `${errors}${text}`.slice(-500)));
  child.stdout.on("data", (bytes: Buffer) => {
    for (const event of reader.take(bytes)) heed(event, { waiting, options, end });
  });
  child.stdin.on("error", () => end("tmux does not listen any more"));
  child.on("error", (error) => end(error.message));
  child.on("close", () => end("tmux let it go"));
  const askAt: ControlClient["askAt"] = (atAnswer, ...commands) => {
    if (ended !== null) return Promise.reject(failed(ended));
    child.stdin.write(`${commands.map((words) => lineOf(words)).join(" ; ")}\n`);
    return answersTo(waiting, { count: commands.length, atAnswer });
  };
  // To the attaching itself.
  await answersTo(waiting, { count: 1, atAnswer: (answers) => answers });
  return {
    askAt,
    ask: (...commands) => askAt((answers) => answers, ...commands),
    close: () => child.stdin.end(),
  };
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

function answersTo<T>(
  waiting: Asked[],
  { count, atAnswer }: { count: number; atAnswer: (answers: Answers) => T },
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  waiting.push({ left: count, answers: [], resolve: (answers) => resolve(atAnswer(answers)), reject });
  return promise;
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
          .map((line) => Buffer.from(line).toString("utf8"))
          .join(" ")
          .slice(0, 300),
      ),
    );
}

function failed(reason: string): ChimeraError {
  return new ChimeraError("tool-failed", `tmux: ${reason}`);
}

/** Throws a RangeError, as a bug does: nothing that comes from outside is ever a word of a command. */
function lineOf(words: readonly string[]): string {
  for (const word of words)
    if (!plainWord.test(word)) throw new RangeError(`"${word}" is no plain word of a command`);
  // Outside of quotes a hash begins a comment, and a percent sign may begin a condition.
  return words.map((word) => `'${word}'`).join(" ");
}
