/**
 * SHELL. The loop without anybody else: what the journal has begun is finished or undone. No network, no documents, no
 * new order. Used at boot before the sentinel (`recover`), and by the dead-man.
 */
import type { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { setTimeout as delay } from "node:timers/promises";
import type { AgentConfig } from "../config.ts";
import { watchUnitEnd } from "../host/activation/watch-unit.ts";
import { openHost } from "../host/host-side.ts";
import { openJournal } from "../host/state/journal-file.ts";
import type { ProgressFile } from "../host/agent/progress-file.ts";
import { startLoop, type Pass } from "../loop.ts";
import type { decide } from "../reconcile/decide.ts";
import type { Decision } from "../reconcile/decision.ts";
import { isResting, type Journal } from "../reconcile/journal.ts";
import { stateOf } from "../reconcile/state-of.ts";
import { saveJournal } from "../save-journal.ts";
import type { OfflineReport } from "./report-offline.ts";

export interface OfflineDrive {
  config: AgentConfig;
  configFile: string;
  program: string;
  progress: ProgressFile;
  log: Log;
  decide: Judge;
  /** Ends it in any case. */
  limitMs: number;
  report: OfflineReport;
}

export type Judge = typeof decide;

/** What is for whoever comes next: the agent, which has a network and more time. */
const leftReason = "left-to-the-agent";

export function leave(journal: Journal): Decision {
  const detail = `${journal.step} of ${journal.toplevel} goes on with the agent`;
  return { state: stateOf(journal), waiting: { reason: leftReason, detail }, plan: null };
}

function isOver({ journal, decision }: Pass): boolean {
  if (decision.plan !== null) return false;
  return journal === null || isResting(journal) || decision.waiting?.reason === leftReason;
}

/** Where it came to rest, or what it left; null without a journal. */
export async function driveOffline(options: OfflineDrive): Promise<Journal | null> {
  const { config, log, report } = options;
  const stored = openJournal(config.stateDir, log);
  if (stored.corrupt !== null) report.corrupt(stored.corrupt);
  if (stored.value === null || isResting(stored.value)) return stored.value;
  let journal: Journal | null = stored.value;
  const host = openHost({
    ...options,
    leaf: () => null,
    hasContact: () => Promise.resolve(false),
    onFetchEnd: () => undefined,
    journal,
    isJournalLost: false,
  });
  const over = Promise.withResolvers<void>();
  const loop = startLoop({
    journal,
    desired: () => null,
    observe: host.observe,
    decide: options.decide,
    perform: host.perform,
    watchUnit: watchUnitEnd,
    saveJournal(next) {
      report.moved(journal, next);
      saveJournal(next, () => stored.save(next), log);
      journal = next;
    },
    onEvent: report.event,
    onPass(pass) {
      options.progress.touch();
      if (isOver(pass)) over.resolve();
    },
    onBroken: (error: ChimeraError) => log.error({ error }, "offline pass failed"),
    log,
  });
  await Promise.race([over.promise, loop.done, delay(options.limitMs, undefined, { ref: false })]);
  await loop.stop();
  await host.stop();
  return journal;
}
