/** SHELL. When sweeps run: one at a time, at an interval, again soon after one that had to wait, and when somebody asks. */
import pLimit from "p-limit";
import type { PassResult } from "./drift-pass.ts";

export interface Sweeper {
  /** One whole sweep that begins after this call. */
  sweep(): Promise<void>;
  /** The same, unless one waits for its turn already. */
  nudge(): void;
  /** A look that was put off wants a sweep soon. */
  note(result: PassResult): void;
  /** Ends the timers; resolves after the sweep that runs. */
  stop(): Promise<void>;
}

export interface SweeperOptions {
  run: () => Promise<PassResult>;
  everyMs: number;
}

/** After a switch that kept us waiting. */
const againMs = 1000;

export function createSweeper({ run, everyMs }: SweeperOptions): Sweeper {
  const turns = pLimit(1);
  let again: NodeJS.Timeout | null = null;
  let isStopped = false;

  const sweep = (): Promise<void> => turns(async () => note(await run()));
  // A sweep that takes longer than the interval is not followed by a queue of them.
  const timer = setInterval(() => {
    if (turns.activeCount + turns.pendingCount === 0) void sweep();
  }, everyMs);

  function note(result: PassResult): void {
    if (result === "done" || isStopped) return;
    again ??= setTimeout(() => {
      again = null;
      void sweep();
    }, againMs);
  }

  return {
    sweep,
    nudge() {
      if (!isStopped && turns.pendingCount === 0) void sweep();
    },
    note,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      if (again !== null) clearTimeout(again);
      await turns(async () => {});
    },
  };
}
