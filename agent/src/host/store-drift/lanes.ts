/** SHELL. Loops side by side that rest between their steps; whoever has something for them wakes them all. */

export interface Lanes {
  wake(): void;
  /** One step, and the rest that it asks for in ms; none where it was woken in its midst. */
  run(step: () => Promise<number>): Promise<void>;
}

export function createLanes(): Lanes {
  const resting = new Set<() => void>();
  let wakings = 0;
  return {
    wake() {
      wakings += 1;
      for (const end of resting) end();
    },
    async run(step) {
      const before = wakings;
      const restMs = await step();
      if (wakings !== before) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, restMs);
      resting.add(resolve);
      await promise;
      resting.delete(resolve);
      clearTimeout(timer);
    },
  };
}
