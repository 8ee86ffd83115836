/** SHELL. Waits until the node has done what root ordered, or has not. */
import { ChimeraError } from "@chimera/proto/errors";
import type { LocalStatus } from "@chimera/proto/local-api";
import type { LocalOrder } from "@chimera/proto/local-order";
import type { Io } from "../io.ts";
import { localProgress, orderOutcome } from "../print/local/order-outcome.ts";
import { askAgent } from "./ask-agent.ts";
import type { LocalAccess } from "./local-access.ts";

const pollMs = 500;
const patienceMs = 5_000;

export interface Follow {
  access: LocalAccess;
  order: LocalOrder;
  timeoutSeconds: number;
}

/**
 * The status of then. An agent that is away meanwhile replaces itself: it is waited for. Throws activation-failed,
 * order-stale or deadline-exceeded.
 */
export async function followOrder(io: Io, { access, order, timeoutSeconds }: Follow): Promise<LocalStatus> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let told = "";
  for (;;) {
    const status = await look(io, access);
    if (status !== null && isDone(status, order)) return status;
    const progress = localProgress(status);
    if (progress !== told) io.err(`${progress}\n`);
    told = progress;
    if (performance.now() > deadline) {
      const message = `after ${timeoutSeconds} s it is not done; it goes on: chimera local status`;
      throw new ChimeraError("deadline-exceeded", message);
    }
    await io.sleep(pollMs);
  }
}

async function look({ signal }: Io, { socket }: LocalAccess): Promise<LocalStatus | null> {
  const asked = await askAgent({ socket, request: { v: 1, command: "status" }, signal, patienceMs });
  return asked.kind === "answer" ? asked.answer.status : null;
}

function isDone(status: LocalStatus, order: LocalOrder): boolean {
  const outcome = orderOutcome(status, order);
  if (outcome.kind === "failed") throw new ChimeraError(outcome.code, outcome.reason);
  return outcome.kind === "done";
}
