/** PURE. Fights by path, as many as may be remembered: a storm of single changes does not make it forget a fight. */
import { isWorthKeeping, noFight, type Fight } from "./fight.ts";

/** Of each kind; beyond these the oldest are forgotten. */
const rememberedPaths = 4096;

/** Changed in place: to copy it for each of the changes of a storm would cost more than the storm. */
export interface FightMemory {
  get(path: string): Fight;
  set(path: string, fight: Fight): void;
  delete(path: string): void;
  /** What is worth most comes first, and of that the newest. */
  entries(): [string, Fight][];
}

export function createFightMemory(): FightMemory {
  /** In each the newest is last, so that the first is the one to forget. */
  const [fights, singles] = [new Map<string, Fight>(), new Map<string, Fight>()];
  const drop = (path: string): void => {
    fights.delete(path);
    singles.delete(path);
  };
  return {
    get: (path) => fights.get(path) ?? singles.get(path) ?? noFight,
    set(path, fight) {
      drop(path);
      const paths = isWorthKeeping(fight) ? fights : singles;
      paths.set(path, fight);
      const [oldest] = paths.size > rememberedPaths ? paths.keys() : [];
      if (oldest !== undefined) paths.delete(oldest);
    },
    delete: drop,
    entries: () => [...[...fights].toReversed(), ...[...singles].toReversed()],
  };
}
