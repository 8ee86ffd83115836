/** Wiring: the commands that run without the agent, each once, and what they say at their end. Events wait in control's outbox. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Command } from "../command-line.ts";
import type { AgentConfig } from "../config.ts";
import { keepEvents } from "../control/keep-events.ts";
import { journalMs, openLog } from "../host/log/open-log.ts";
import { fireDeadMan } from "../offline/dead-man-command.ts";
import { waitGate } from "../offline/gate.ts";
import { recover, type OfflineCommand } from "../offline/recover.ts";
import type { Journal } from "../reconcile/journal.ts";
import { program, version } from "../version.ts";

/** One sentence. Without control side: what happens waits in the outbox for the agent. */
export async function runOffline(
  command: Extract<Command, { kind: "recover" | "dead-man" }>,
  config: AgentConfig,
): Promise<string> {
  const { configFile } = command;
  const { log, close } = openLog({ node: config.node, version }, config.logLevel);
  const kept = keepEvents({ ...config, log });
  const order = { config, configFile, program, keep: kept.report, log };
  const said = command.kind === "recover" ? await runRecover(order) : await runDeadMan(order, command.order);
  kept.close();
  close();
  await delay(journalMs);
  return said;
}

/** Whoever drives already has nothing to recover. */
async function runRecover(command: OfflineCommand): Promise<string> {
  try {
    return describe(await recover(command));
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "write-conflict") return error.message;
    throw error;
  }
}

async function runDeadMan(command: OfflineCommand, order: Digest): Promise<string> {
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
