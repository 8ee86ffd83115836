/**
 * SHELL. `chimera-agent dead-man`: started by the timer that was armed before the activation, from the previous closure.
 * Whoever drives the node now had more than enough time: it is ended, and what is unproven undone.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { peekStateFile } from "../host/state/state-file.ts";
import { journalPath } from "../host/state/journal-file.ts";
import { openProgressFile } from "../host/agent/progress-file.ts";
import { endInstance, takeInstanceLock } from "../host/agent/single-instance.ts";
import { expire } from "../reconcile/forward/dead-man.ts";
import { decide } from "../reconcile/decide.ts";
import { isResting, Journal, type Step } from "../reconcile/journal.ts";
import { driveOffline, leave, type Judge } from "./drive-offline.ts";
import type { OfflineCommand } from "./recover.ts";
import { createOfflineReport } from "./report-offline.ts";

const limitMs = 30 * 60_000;
const takeMs = 60_000;

/** Null where the order was proven, undone or overtaken meanwhile: nothing is touched then. */
export async function fireDeadMan(command: OfflineCommand, order: Digest): Promise<Journal | null> {
  if (!isDue(command, order)) return null;
  const { config, log } = command;
  log.error({ order }, "dead-man fired");
  const release = await takeOver(config.runtimeDir);
  try {
    if (!isDue(command, order)) return null;
    return await driveOffline({
      ...command,
      decide: judge,
      progress: openProgressFile(config.runtimeDir),
      limitMs,
      report: createOfflineReport({ ...command, stateDir: config.stateDir }),
    });
  } finally {
    release();
  }
}

/** What is begun, and neither proven nor undone. Whatever else there is goes on with the agent. */
const due: ReadonlySet<Step> = new Set<Step>([
  "arming",
  "activating",
  "probation",
  "committing",
  "reverting",
]);

const judge: Judge = (observed, journal, desired) => {
  if (journal === null) return decide(observed, journal, desired);
  const expired = expire({ observed, journal });
  if (expired !== null) return expired;
  return due.has(journal.step) || isResting(journal) ? decide(observed, journal, desired) : leave(journal);
};

function isDue({ config }: OfflineCommand, order: Digest): boolean {
  const journal = peekStateFile(journalPath(config.stateDir), Journal);
  return journal !== null && journal.order.id === order && due.has(journal.step);
}

/** The supervisor starts a new agent a second later at the earliest: that one finds the lock taken. */
async function takeOver(runtimeDir: string): Promise<() => void> {
  const until = performance.now() + takeMs;
  for (;;) {
    endInstance(runtimeDir);
    try {
      return takeInstanceLock(runtimeDir);
    } catch (error) {
      if (!(error instanceof ChimeraError) || performance.now() > until) throw error;
    }
    await delay(20);
  }
}
