/** SHELL. Counts the events that are read from the kernel in one go: between two turns of the event loop. */
import { readFileSync } from "node:fs";
import { mayHaveOverflowed, type Burst } from "../../reconcile/drift/watch-loss.ts";
import { attempt } from "../errno-outcome.ts";

/** The kernel's own default, where it does not say. */
const usualQueue = 16_384;

export interface BurstMeter {
  count(): void;
}

export function createBurstMeter(onOverflow: (burst: Burst) => void): BurstMeter {
  // A queue keeps the length that it was made with.
  const queue = queueLength();
  let events = 0;
  return {
    count() {
      events += 1;
      if (events > 1) return;
      setImmediate(() => {
        const burst = { events, queue };
        events = 0;
        if (mayHaveOverflowed(burst)) onOverflow(burst);
      });
    },
  };
}

function queueLength(): number {
  const text = attempt(() => readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
  const length = text.kind === "done" ? Number(text.value) : 0;
  return length > 0 ? length : usualQueue;
}
