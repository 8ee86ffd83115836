/** SHELL. Notices that a switch has kept drift waiting for so long that it may be none: a held lock must not be silence. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { holderOfSwitchLock } from "../activation/switch-lock.ts";

export interface DriftPauseOptions {
  lockFile: string;
  /** True while an activation of ours runs, which has limits of its own. */
  isSwitching: () => boolean;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
  everyMs?: number;
  longMs?: number;
}

export interface DriftPause {
  /** What nobody looks at, and because of whom; for the summary. */
  unseen(): string[];
  stop(): void;
}

export function watchDriftPause(options: DriftPauseOptions): DriftPause {
  const { lockFile, isSwitching, onEvent, log, everyMs = 15_000, longMs = 600_000 } = options;
  let since: number | null = null;
  let told: string | null = null;
  const look = (): void => {
    const holder = isSwitching() ? null : holderOfSwitchLock(lockFile);
    if (holder === null) [since, told] = [null, null];
    if (holder === null) return;
    since ??= performance.now();
    if (performance.now() - since < longMs) return;
    const isNews = told === null;
    told = `nothing is looked at or put back, for ${holder} since more than ${Math.round(longMs / 60_000)} minutes`;
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
