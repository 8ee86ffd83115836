/** SHELL. Counts what all watches of this process read from the kernel in one go: they share one queue, and so its overflow. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { readFileSync } from "node:fs";
import { mayHaveOverflowed, watchOverflow, type Burst } from "../../../reconcile/drift/watch-loss.ts";
import { attempt } from "../../errno-outcome.ts";

/** The kernel's own default, where it does not say. */
const usualQueue = 16_384;
/** A storm may overflow the queue again and again. */
const toldMs = 60_000;

export interface BurstMeter {
  /** An event of any watch was read. */
  count(): void;
  /** Whoever watches is told when some may be lost, until the answer is called. */
  onOverflow(listener: () => void): () => void;
}

export interface BurstMeterOptions {
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export function createBurstMeter(options: BurstMeterOptions): BurstMeter {
  // A queue keeps the length that it was made with.
  const queue = queueLength();
  const listeners = new Set<() => void>();
  let [events, toldAt] = [0, -Infinity];
  const end = (): void => {
    const burst = { events, queue };
    events = 0;
    if (!mayHaveOverflowed(burst)) return;
    if (performance.now() - toldAt > toldMs) tell(options, burst);
    toldAt = performance.now();
    for (const listener of listeners) listener();
  };
  return {
    count() {
      events += 1;
      // Between two turns of the event loop, in which a whole queue is read.
      if (events === 1) setImmediate(end);
    },
    onOverflow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function tell({ onEvent, log }: BurstMeterOptions, burst: Burst): void {
  const { code, message } = watchOverflow(burst);
  onEvent({ type: "alarm", data: { code, message } });
  log.error({ code, problem: message }, "watch was lost");
}

function queueLength(): number {
  const text = attempt(() => readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
  const length = text.kind === "done" ? Number(text.value) : 0;
  return length > 0 ? length : usualQueue;
}
