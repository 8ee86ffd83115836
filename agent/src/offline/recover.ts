/**
 * SHELL. `chimera-agent recover`: at boot, before the sentinel. What was interrupted is judged from the journal alone;
 * what still needs the network or a probation is left to the agent, with a dead-man behind it.
 */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { AgentConfig } from "../config.ts";
import { openProgressFile } from "../host/progress-file.ts";
import { takeInstanceLock } from "../host/single-instance.ts";
import { decide } from "../reconcile/decide.ts";
import type { Journal, Step } from "../reconcile/journal.ts";
import type { Pass } from "../loop.ts";
import { driveOffline } from "./drive-offline.ts";
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
      decide,
      progress: openProgressFile(runtimeDir),
      isLeft,
      limitMs,
      report: createOfflineReport({ ...command, stateDir }),
    });
  } finally {
    release();
  }
}

/** An activation that still runs is nobody's to wait for here: the agent does. */
function isLeft({ journal, decision }: Pass): boolean {
  if (journal === null) return true;
  return agents.has(journal.step) || decision.waiting?.reason === "activation-running";
}
