/** Wiring: the commands that run without the agent, each once, and what they say at their end. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { fireDeadMan } from "./offline/dead-man-command.ts";
import { waitGate } from "./offline/gate.ts";
import { recover, type OfflineCommand } from "./offline/recover.ts";
import type { Journal } from "./reconcile/journal.ts";

/** One sentence. Whoever drives already has nothing to recover. */
export async function runRecover(command: OfflineCommand): Promise<string> {
  try {
    return describe(await recover(command));
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "write-conflict") return error.message;
    throw error;
  }
}

export async function runDeadMan(command: OfflineCommand, order: Digest): Promise<string> {
  const journal = await fireDeadMan(command, order);
  return journal === null
    ? "nothing to undo: the order is at rest, or another one stands"
    : describe(journal);
}

/** Throws activation-failed where this boot must not be called complete. */
export async function runGate(stateDir: string): Promise<string> {
  const gate = await waitGate(stateDir);
  if (gate.kind === "open") return gate.reason;
  throw new ChimeraError("activation-failed", `this boot is not complete: ${gate.reason}`);
}

function describe(journal: Journal | null): string {
  if (journal === null) return "there is no journal: nothing was ordered yet";
  const { step, toplevel, problem } = journal;
  return `${step}: ${toplevel}${problem === null ? "" : ` (${problem.message})`}`;
}
