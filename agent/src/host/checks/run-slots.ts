/** SHELL. At most so many runs at once; whoever waits goes on in the order of asking. */

export interface RunSlots {
  /** Resolves with what gives the place back; call it once. */
  take: () => Promise<() => void>;
}

export function createRunSlots(places: number): RunSlots {
  const waiting: (() => void)[] = [];
  let free = places;
  const giveBack = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take() {
      if (free > 0) free -= 1;
      // The place goes from hand to hand, so that nobody who asks later comes first.
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return giveBack;
    },
  };
}
