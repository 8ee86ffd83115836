/** SHELL. Starts a claimed run in a session: hands it to its keeper, and waits until that has begun. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import type { Handover } from "../keep/handover.ts";
import { writeHandover } from "../keep/write-handover.ts";
import { terminalSize } from "../tmux/terminal-size.ts";
import { usualLogLimit } from "../record/log-limit.ts";
import type { RunRecord } from "../record/run-record.ts";
import { serverEnvironment } from "../tmux/tmux-command.ts";
import { newSession, userServer } from "../tmux/user-server.ts";
import { followInSession } from "./follow-session.ts";
import { privateFolder, runtimeFolder } from "./places.ts";
import { sessionNameOf } from "./session-of.ts";
import { files } from "./run-files.ts";
import { readRun, removeRun, type Run } from "./run-store.ts";

export interface Claimed {
  id: string;
  folder: string;
  record: RunRecord;
}

export type Start = Pick<Handover, "program" | "argv" | "cwd" | "env">;

/** With a terminal of its own: the keeper is what runs in the pane. Gives the session's id. */
export async function startInTerminal(
  io: Io,
  { id, folder, record }: Claimed,
  start: Start,
): Promise<string> {
  return orForget(io, { id, folder, record }, async (place) => {
    const server = userServer(io);
    const tmux = { program: server.program, socket: server.socket };
    const { logLimit = usualLogLimit } = record.asked;
    const handover = writeHandover(place, { folder, record, ...start, logLimit, tmux });
    const session = { name: sessionNameOf(id), ...terminalSize(), argv: keeperWords(handover) };
    return newSession(io, server, session);
  });
}

/** Returns when it has begun, whatever it became. */
export async function startDetached(io: Io, claimed: Claimed, start: Start): Promise<void> {
  if (claimed.record.mode === "log") {
    await startInLog(io, claimed, start);
    await followInSession(io, claimed.id);
    return;
  }
  await startInTerminal(io, claimed, start);
  await awaitStart(io, claimed.id);
}

/** Without a terminal: the keeper is a process of its own, and tmux only shows what it writes to the log. */
async function startInLog(io: Io, claimed: Claimed, start: Start): Promise<void> {
  const { id, folder, record } = claimed;
  const isGone = await orForget(io, claimed, async (place) => {
    const { logLimit = usualLogLimit } = record.asked;
    const handover = writeHandover(place, { folder, record, ...start, logLimit, tmux: null });
    return startKeeper(io, folder, keeperWords(handover));
  });
  await awaitStart(io, id, isGone);
}

/** Tells whether it is gone. */
function startKeeper(io: Io, folder: string, [node, ...args]: readonly [string, ...string[]]): () => boolean {
  const notes = openSync(join(folder, files.keeper), "a", 0o600);
  const keeper = spawn(node, args, {
    cwd: "/",
    detached: true,
    env: serverEnvironment(io.env),
    stdio: ["ignore", notes, notes],
  });
  closeSync(notes);
  keeper.unref();
  let isGone = false;
  keeper.once("error", () => (isGone = true));
  keeper.once("exit", () => (isGone = true));
  return () => isGone;
}

/** Of what did not start nothing stays: no run that never was, and no file with the caller's variables. */
async function orForget<T>(
  io: Io,
  { id, folder }: Claimed,
  begin: (handover: string) => Promise<T>,
): Promise<T> {
  let handover: string | undefined;
  try {
    handover = join(privateFolder(runtimeFolder(io)), `${id}.start`);
    return await begin(handover);
  } catch (error) {
    if (handover !== undefined) rmSync(handover, { force: true });
    removeRun(folder);
    throw error;
  }
}

/** A small heap for a process that waits for most of its life; other flags would cost it V8's compile cache. */
function keeperWords(handover: string): [string, ...string[]] {
  const small = ["--max-semi-space-size=1"];
  return [process.execPath, ...small, process.argv[1] ?? "", "--keep-run", handover];
}

const patienceMs = 20_000;
const lookMs = 10;

/** Until it is noted as started, or as ended: what it became is in its record. `isGone`: whether its keeper is. */
export async function awaitStart(io: Io, id: string, isGone = (): boolean => false): Promise<Run> {
  for (const begunMs = io.nowMs(); io.nowMs() - begunMs < patienceMs; await io.sleep(lookMs)) {
    // Asked before the look: a keeper that is gone has noted all that it ever will.
    const wasGone = isGone();
    const found = readRun(io, id);
    if (found.kind === "run" && (found.run.record.started ?? found.run.record.ended) !== null)
      return found.run;
    if (wasGone)
      throw new ChimeraError(
        "tool-failed",
        `the keeper of ${id} ended at once: ${lastWords(found.kind === "run" ? found.run.folder : found.folder)}`,
      );
  }
  throw new ChimeraError("tool-failed", `${id} did not start within ${patienceMs / 1000} s`);
}

function lastWords(folder: string): string {
  try {
    return printableLine(readFileSync(join(folder, files.keeper), "utf8").slice(-2000)) || "it said nothing";
  } catch {
    return "it said nothing";
  }
}
