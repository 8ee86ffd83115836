/** SHELL. Collects hints for a moment and hands them on together, each path once with the time of its first hint. */

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
    await follow(batch);
    timer = null;
    if (hints.size > 0 && !isStopped) start();
  }

  return {
    add(path) {
      if (isStopped) return;
      if (!hints.has(path)) hints.set(path, performance.now());
      start();
    },
    stop() {
      isStopped = true;
      hints.clear();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
