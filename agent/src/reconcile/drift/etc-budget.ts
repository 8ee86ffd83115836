/** PURE. How often one path is put back before the node only reports it: somebody fights, and both would burn CPU. */

/** Reverts of one path in `windowMs` before it trips. */
export const budgetReverts = 10;
export const budgetWindowMs = 60_000;
/** How long a tripped path is only reported. */
export const budgetRestMs = 600_000;
/** Paths remembered; more than this many paths fought over at once means that the oldest are forgotten. */
const rememberedPaths = 4096;

interface PathBudget {
  /** Times of the latest reverts, oldest first. */
  spentAt: readonly number[];
  restUntil: number;
}

export type EtcBudget = ReadonlyMap<string, PathBudget>;

export type Spending = { kind: "allowed" } | { kind: "tripped" } | { kind: "resting" };

export const emptyBudget: EtcBudget = new Map();

/** Asks for one revert of `path` at `now` (monotonic ms): the answer and the budget after it. */
export function spend(budget: EtcBudget, path: string, now: number): { answer: Spending; budget: EtcBudget } {
  const entry = budget.get(path) ?? { spentAt: [], restUntil: -Infinity };
  if (now < entry.restUntil) return { answer: { kind: "resting" }, budget };
  const spentAt = entry.spentAt.filter((at) => now - at < budgetWindowMs);
  if (spentAt.length >= budgetReverts) {
    const rested = { spentAt: [], restUntil: now + budgetRestMs };
    return { answer: { kind: "tripped" }, budget: remember(budget, path, rested) };
  }
  const spent = { spentAt: [...spentAt, now], restUntil: -Infinity };
  return { answer: { kind: "allowed" }, budget: remember(budget, path, spent) };
}

/** True while a path is only reported: no hint about it is worth a look before the next sweep. */
export function isResting(budget: EtcBudget, path: string, now: number): boolean {
  const entry = budget.get(path);
  return entry !== undefined && now < entry.restUntil;
}

/** The newest is last, so that the first is the one to forget. */
function remember(budget: EtcBudget, path: string, entry: PathBudget): EtcBudget {
  const kept = [...budget].filter(([other]) => other !== path);
  return new Map([...kept.slice(Math.max(0, kept.length - rememberedPaths + 1)), [path, entry]]);
}
