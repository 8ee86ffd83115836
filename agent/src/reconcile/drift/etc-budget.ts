/** PURE. How often one path is put back before the node only reports it: somebody fights, and both would burn CPU. */

/** Reverts of one path in `windowMs` before it trips. */
export const budgetReverts = 10;
export const budgetWindowMs = 60_000;
/** How long a tripped path is only reported at first; each further trip rests twice as long. */
export const budgetRestMs = 600_000;
export const longestRestMs = 6 * 3_600_000;
/** A path that kept its peace for so long after its rest begins anew. */
export const peaceMs = 24 * 3_600_000;
/** Paths remembered; more than this many paths fought over at once means that the oldest are forgotten. */
const rememberedPaths = 4096;

interface PathBudget {
  /** Times of the latest reverts, oldest first. */
  spentAt: readonly number[];
  restUntil: number;
  /** Trips in a row. */
  trips: number;
}

export type Spending =
  | { kind: "allowed" }
  | { kind: "tripped"; restMs: number; trips: number }
  | { kind: "resting"; restMs: number; trips: number };

/** Changed in place: to copy it for each of the changes of a storm would cost more than the storm. */
export interface EtcBudget {
  /** Asks for one revert of `path` at `now` (monotonic ms). */
  spend(path: string, now: number): Spending;
  /** True while a path is only reported: no hint about it is worth a look before the next sweep. */
  isResting(path: string, now: number): boolean;
  /** Forgets what was spent; false where the path did not rest. */
  resume(path: string, now: number): boolean;
}

const fresh: PathBudget = { spentAt: [], restUntil: -Infinity, trips: 0 };

export function createBudget(): EtcBudget {
  /** The newest is last, so that the first is the one to forget. */
  const paths = new Map<string, PathBudget>();
  const isResting = (path: string, now: number): boolean => now < (paths.get(path) ?? fresh).restUntil;
  function remember(path: string, entry: PathBudget): void {
    paths.delete(path);
    paths.set(path, entry);
    const [oldest] = paths.size > rememberedPaths ? paths.keys() : [];
    if (oldest !== undefined) paths.delete(oldest);
  }
  return {
    isResting,
    spend(path, now) {
      const entry = paths.get(path) ?? fresh;
      const { answer, next } = spendOf(entry, now);
      if (next !== entry) remember(path, next);
      return answer;
    },
    resume(path, now) {
      const rested = isResting(path, now);
      paths.delete(path);
      return rested;
    },
  };
}

function spendOf(entry: PathBudget, now: number): { answer: Spending; next: PathBudget } {
  const { restUntil, trips } = entry;
  if (now < restUntil) return { answer: { kind: "resting", restMs: restUntil - now, trips }, next: entry };
  const spentAt = entry.spentAt.filter((at) => now - at < budgetWindowMs);
  if (spentAt.length < budgetReverts)
    return { answer: { kind: "allowed" }, next: { ...entry, spentAt: [...spentAt, now] } };
  const inRow = now - restUntil < peaceMs ? trips + 1 : 1;
  const restMs = Math.min(budgetRestMs * 2 ** (inRow - 1), longestRestMs);
  const next = { spentAt: [], restUntil: now + restMs, trips: inRow };
  return { answer: { kind: "tripped", restMs, trips: inRow }, next };
}
