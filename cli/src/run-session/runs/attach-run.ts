/** SHELL. Brings a session to this terminal until it ends or is left, and says what became of it. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { isLiving } from "../record/run-state.ts";
import { tmuxProgram } from "../tmux/tmux-command.ts";
import { historyLines } from "../tmux/tmux-options.ts";
import { sessionId, userServer } from "../tmux/user-server.ts";
import { followSession } from "./follow-session.ts";
import { lastLines, writeFiltered } from "./read-log.ts";
import { readCut } from "./read-cut.ts";
import { files } from "./run-files.ts";
import { readRun, type Run } from "./run-store.ts";
import { sessionNameOf } from "./session-of.ts";

/** The exit code of the run where it was seen to its end, 0 where it was left. */
export async function attachRun(io: Io, run: Run, known?: string): Promise<number> {
  if (!io.inTty || !io.outTty) {
    throw new ChimeraError("usage", `attach needs a terminal: chimera logs -f ${run.record.name} needs none`);
  }
  if (run.record.mode === "foreground") {
    throw new ChimeraError(
      "usage",
      `${run.id} has no session: it runs in the foreground of whoever called it`,
    );
  }
  if (isLiving(run.state)) await showSession(io, run, known);
  return conclude(io, run.id);
}

/** `known`: the session's id, where it was just made. */
async function showSession(io: Io, run: Run, known: string | undefined): Promise<void> {
  const session = known ?? (await sessionOf(io, run));
  // It may have ended just now.
  if (session === undefined) return;
  const { socket } = userServer(io);
  await client(io, ["-N", "-S", socket, "attach-session", "-t", session], run.record.name);
}

async function sessionOf(io: Io, { record, id }: Run): Promise<string | undefined> {
  if (record.mode === "log") return followSession(io, record, id);
  return sessionId(io, userServer(io), sessionNameOf(id));
}

/** tmux draws through its standard input; on its output it only says how it ended, which the record knows better. */
async function client(io: Io, args: readonly string[], name: string): Promise<void> {
  const { TMUX: _outer, ...env } = io.env;
  const child = spawn(tmuxProgram(io), args, { env, stdio: ["inherit", "pipe", "pipe"] });
  // What is asked to end leaves the session as a key would.
  const onAbort = (): void => void child.kill("SIGTERM");
  io.signal.addEventListener("abort", onAbort);
  const said: Buffer[] = [];
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => resolve(exit ?? 128));
  });
  io.signal.removeEventListener("abort", onAbort);
  io.signal.throwIfAborted();
  const reason = printableLine(Buffer.concat(said).toString("utf8").slice(0, 1024));
  const isGone = /session|server|lost/u.test(reason);
  if (code === 0 || reason === "" || isGone) return;
  throw new ChimeraError(
    "tool-failed",
    `tmux cannot show ${name}, which runs on: ${reason} (chimera logs -f ${name})`,
  );
}

const settleMs = 3000;
const lookMs = 10;

async function conclude(io: Io, id: string): Promise<number> {
  let run = mustRead(io, id);
  if (!isLiving(run.state)) return report(io, run);
  // Left, or its server died: then its keeper is about to say so.
  if ((await sessionOf(io, run)) !== undefined) return left(io, run);
  for (
    const begunMs = io.nowMs();
    io.nowMs() - begunMs < settleMs && isLiving(run.state);
    await io.sleep(lookMs)
  ) {
    run = mustRead(io, id);
  }
  return isLiving(run.state) ? left(io, run) : report(io, run);
}

function left(io: Io, { record: { name } }: Run): number {
  io.err(
    `chimera: left ${name}, which runs on: chimera attach ${name}, chimera logs -f ${name}, chimera stop ${name}\n`,
  );
  return 0;
}

/** What the screen showed last stays on the terminal, as if the run had been called without a session. */
async function report(io: Io, { folder, id, state, record }: Run): Promise<number> {
  const shown =
    record.mode === "terminal"
      ? await lastLines(join(folder, files.screen), historyLines)
      : await lastLines(join(folder, files.output), historyLines, () => readCut(folder).dropped);
  await writeFiltered(shown);
  if (state.kind === "lost") {
    throw new ChimeraError("contact-lost", `${id} is lost: ${state.why}; what it wrote: chimera logs ${id}`);
  }
  if (record.ended?.how.kind === "not-started")
    io.err(`chimera: ${printableLine(record.ended.how.reason)}\n`);
  return state.kind === "ended" ? state.code : 0;
}

function mustRead(io: Io, id: string): Run {
  const found = readRun(io, id);
  if (found.kind === "run") return found.run;
  throw new ChimeraError("state-invalid", `${id}: ${found.reason}`);
}
