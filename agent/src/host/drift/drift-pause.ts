/** SHELL. Notices that a switch has kept drift waiting for so long that it may be none: a held lock, or a process that hangs, must not be silence. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { holderOfSwitchLock } from "../activation/switch-lock.ts";
import { findSwitching } from "../activation/switching-process.ts";

export interface DriftPauseOptions {
  lockFile: string;
  /** True while an activation of ours runs, which has limits of its own. */
  isSwitching: () => boolean;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
  /** In words; another one in tests. All processes are looked at for it. */
  findProcess?: () => string | null;
  everyMs?: number;
  /** Of processes, which is dearer. */
  processEveryMs?: number;
  longMs?: number;
}

export interface DriftPause {
  /** What nobody looks at, and because of whom; for the summary. */
  unseen(): string[];
  stop(): void;
}

export function watchDriftPause(options: DriftPauseOptions): DriftPause {
  const { onEvent, log, everyMs = 15_000, longMs = 600_000 } = options;
  const findPause = createPauseSight(options);
  let since: number | null = null;
  let told: string | null = null;
  const look = (): void => {
    const pause = findPause();
    if (pause === null) [since, told] = [null, null];
    if (pause === null) return;
    since ??= performance.now();
    if (performance.now() - since < longMs) return;
    const isNews = told === null;
    const { holder, waits } = pause;
    told = `${waits}, for ${holder} since more than ${Math.round(longMs / 60_000)} minutes`;
    if (!isNews) return;
    onEvent({ type: "alarm", data: { code: "drift-paused", message: told } });
    log.error({ holder }, "drift was paused by a switch that does not end");
  };
  const timer = setInterval(look, everyMs);
  return {
    unseen: () => (told === null ? [] : [told]),
    stop: () => clearInterval(timer),
  };
}

interface Pause {
  /** Who it is, in words. */
  holder: string;
  waits: string;
}

/** A lock stops all; without one a process only has what it may be about to replace left to it. */
function createPauseSight(options: DriftPauseOptions): () => Pause | null {
  const { lockFile, isSwitching, findProcess = findSwitching, processEveryMs = 60_000 } = options;
  let last: { found: string | null; at: number } | null = null;
  return () => {
    if (isSwitching()) return null;
    const holder = holderOfSwitchLock(lockFile);
    if (holder !== null) return { holder, waits: "nothing is looked at or put back" };
    const now = performance.now();
    if (last === null || now - last.at >= processEveryMs) last = { found: findProcess(), at: now };
    return last.found === null ? null : { holder: last.found, waits };
  };
}

const waits =
  "another system that runs, or a moved /etc/static and what lies behind it, counts as somebody's switch and is not put back";
