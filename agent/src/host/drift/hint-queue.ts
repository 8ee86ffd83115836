/** SHELL. Collects hints for a moment and hands them on together, each path once with the time of its first hint. */

/** A storm is not followed path by path: more than so many at once say that everything is to be looked at. */
const mostHints = 4096;
/** The path of all of it. */
const everything = "";

export interface HintQueue {
  add(path: string): void;
  stop(): void;
}

export interface HintQueueOptions {
  delayMs: number;
  /** Called for one batch at a time; what comes meanwhile is the next batch. */
  follow: (hints: ReadonlyMap<string, number>) => Promise<void>;
}

export function createHintQueue({ delayMs, follow }: HintQueueOptions): HintQueue {
  let hints = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  function start(): void {
    timer ??= setTimeout(() => void next(), delayMs);
  }

  async function next(): Promise<void> {
    const batch = hints;
    hints = new Map();
    try {
      await follow(batch);
    } finally {
      timer = null;
    }
    if (hints.size > 0 && !isStopped) start();
  }

  return {
    add(path) {
      if (isStopped) return;
      if (!hints.has(path) && !hints.has(everything)) hints.set(path, performance.now());
      if (hints.size > mostHints) hints = new Map([[everything, performance.now()]]);
      start();
    },
    stop() {
      isStopped = true;
      hints.clear();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
