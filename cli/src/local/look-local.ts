/** SHELL. How this node is: by its agent's word, else by the agent's files. */
import { ChimeraError } from "@chimera/proto/errors";
import type { LocalStatus } from "@chimera/proto/local-api";
import type { Io } from "../io.ts";
import { askAgent } from "./ask-agent.ts";
import type { LocalAccess } from "./local-access.ts";
import { readStoredStatus } from "./read-stored-status.ts";

const lookAtUnits = "systemctl status chimera-sentinel chimera-recover";

const patienceMs = 5_000;

/** Says on stderr that no agent runs, and what to look at. */
export async function lookLocal(io: Io, access: LocalAccess): Promise<LocalStatus> {
  const asked = await askAgent({
    socket: access.socket,
    request: { v: 1, command: "status" },
    signal: io.signal,
    patienceMs,
  });
  if (asked.kind === "answer") return asked.answer.status;
  io.err(`chimera: the agent does not run or does not answer (${asked.reason}): ${lookAtUnits}\n`);
  return readStoredStatus(io, access.agentConfig);
}

/** Nobody took the order, or nobody says whether it was taken. */
export function unanswered(kind: "absent" | "lost", reason: string): ChimeraError {
  const cause = new Error(reason);
  if (kind === "absent") {
    return new ChimeraError("server-unreachable", `no agent runs on this node: ${lookAtUnits}`, { cause });
  }
  const message = "the agent took the order and did not answer: chimera local status says what it did";
  return new ChimeraError("deadline-exceeded", message, { cause });
}
