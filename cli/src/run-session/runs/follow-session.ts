/** SHELL. The session that shows a run without a terminal: its pane follows the log, and may die and come again. */
import { join } from "node:path";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { findProgram } from "../env/find-program.ts";
import type { RunRecord } from "../record/run-record.ts";
import { isLiving } from "../record/run-state.ts";
import { terminalSize } from "../tmux/terminal-size.ts";
import { newSession, sessionId, userServer } from "../tmux/user-server.ts";
import { historyLines } from "../tmux/tmux-options.ts";
import { runsFolder } from "./places.ts";
import { files } from "./run-files.ts";
import { readRun } from "./run-store.ts";
import { sessionNameOf } from "./session-of.ts";

/** A run goes on without a view of it. */
export async function followInSession(io: Io, id: string): Promise<void> {
  const found = readRun(io, id);
  if (found.kind !== "run" || !isLiving(found.run.state)) return;
  try {
    await makeFollowSession(io, found.run.record, id);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    io.err(
      printableLine(`chimera: ${id} runs without a session: ${errorChain(error)}; chimera logs -f ${id}`) +
        "\n",
    );
  }
}

/** The session's id; made anew when tmux has lost it. */
export async function followSession(io: Io, record: RunRecord, id: string): Promise<string> {
  const server = userServer(io);
  const there = await sessionId(io, server, sessionNameOf(id));
  if (there !== undefined) return there;
  return makeFollowSession(io, record, id);
}

async function makeFollowSession(io: Io, { started }: RunRecord, id: string): Promise<string> {
  const tail = findProgram("tail", io.env["PATH"], io.cwd);
  if (tail === undefined || started === null)
    throw new ChimeraError("tool-missing", "there is no `tail` on PATH");
  const lines = ["-n", String(historyLines), "-f", "-s", "0.2", `--pid=${started.keeper.pid}`];
  const argv = [tail, ...lines, "--", join(runsFolder(io), id, files.output)];
  return newSession(io, userServer(io), { name: sessionNameOf(id), ...terminalSize(), argv });
}
