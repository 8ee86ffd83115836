/** SHELL. Collects hints for a moment and hands them on together, each path once with the time of its first hint. */

/** A storm is not followed path by path: more than so many at once say that everything is to be looked at. */
const mostHints = 4096;
/** The path of all of it. */
const everything = "";

export interface HintQueue {
  /** `since`: the monotonic ms of its first sign; now, unless said. */
  add(path: string, since?: number): void;
  stop(): void;
}

export interface HintQueueOptions {
  delayMs: number;
  /** So many times as long as a batch took nothing is followed: what is dear gets a part of the time at most. */
  restFactor?: number;
  /** Called for one batch at a time; what comes meanwhile is the next batch. */
  follow: (hints: ReadonlyMap<string, number>) => Promise<void>;
}

export function createHintQueue({ delayMs, restFactor = 0, follow }: HintQueueOptions): HintQueue {
  let hints = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let restUntil = -Infinity;
  const waitMs = (): number => Math.max(delayMs, restUntil - performance.now());

  function start(afterMs: number): void {
    timer ??= setTimeout(() => void next(), afterMs);
  }

  async function next(): Promise<void> {
    const batch = hints;
    hints = new Map();
    const began = performance.now();
    try {
      await follow(batch);
    } finally {
      timer = null;
    }
    restUntil = performance.now() + restFactor * (performance.now() - began);
    if (hints.size > 0 && !isStopped) start(waitMs());
  }

  return {
    add(path, since = performance.now()) {
      if (isStopped) return;
      if (!hints.has(path) && !hints.has(everything)) hints.set(path, since);
      if (hints.size > mostHints) hints = new Map([[everything, performance.now()]]);
      start(waitMs());
    },
    stop() {
      isStopped = true;
      hints.clear();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
