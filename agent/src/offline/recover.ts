/**
 * SHELL. `chimera-agent recover`: at boot, before the sentinel. What was interrupted is judged from the journal alone;
 * what still needs the network or a probation is left to the agent, with a dead-man behind it.
 */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { AgentConfig } from "../config.ts";
import { openProgressFile } from "../host/agent/progress-file.ts";
import { takeInstanceLock } from "../host/agent/single-instance.ts";
import { decide } from "../reconcile/decide.ts";
import type { Decision } from "../reconcile/decision.ts";
import type { Journal, Step } from "../reconcile/journal.ts";
import { driveOffline, leave, type Judge } from "./drive-offline.ts";
import { createOfflineReport } from "./report-offline.ts";

export interface OfflineCommand {
  config: AgentConfig;
  configFile: string;
  program: string;
  /** Keeps an event until an agent can tell it. */
  keep: (event: NodeEventBody) => void;
  log: Log;
}

/** The unit has a limit too; this one ends it in good order. */
const limitMs = 20 * 60_000;

/** Steps that the agent goes on with: they ask the network, or take their time. */
const agents: ReadonlySet<Step> = new Set<Step>([
  "accepted",
  "staged",
  "arming",
  "probation",
  "staged-for-reboot",
  "rebooting",
  "falling-back",
]);

/** Null without a journal. Throws write-conflict while an agent drives: then there is nothing to recover. */
export async function recover(command: OfflineCommand): Promise<Journal | null> {
  const { stateDir, runtimeDir } = command.config;
  const release = takeInstanceLock(runtimeDir);
  try {
    return await driveOffline({
      ...command,
      decide: judge,
      progress: openProgressFile(runtimeDir),
      limitMs,
      report: createOfflineReport({ ...command, stateDir }),
    });
  } finally {
    release();
  }
}

/** After a restart of the machine every step is judged once; then only what needs neither network nor time goes on. */
const judge: Judge = (observed, journal, desired) => {
  const isJudged = journal !== null && journal.bootId === observed.bootId;
  if (isJudged && agents.has(journal.step)) return leave(journal);
  const decision = decide(observed, journal, desired);
  return journal !== null && isAgents(journal, decision) ? leave(journal) : decision;
};

/** An activation that still runs is nobody's to wait for here; nor is a commit that failed once: a panic waits for the sentinel. */
function isAgents({ step }: Journal, { waiting }: Decision): boolean {
  if (waiting?.reason === "activation-running") return true;
  return step === "committing" && waiting?.reason === "backing-off";
}
