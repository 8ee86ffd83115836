/**
 * PURE. How many paths of right bytes are put back for their mode, owner or time. A store that was restored from a backup differs in all
 * of them: to write all of it again, path by path, under a running system, would be worse than what it mends.
 */

export const mostAnHour = 30;
const hourMs = 3600_000;

/** Times of the latest ones, oldest first; monotonic ms. */
export function spendMetadata(
  spentAt: readonly number[],
  nowMs: number,
): { isAllowed: boolean; spentAt: readonly number[] } {
  const recent = spentAt.filter((at) => nowMs - at < hourMs);
  return recent.length < mostAnHour
    ? { isAllowed: true, spentAt: [...recent, nowMs] }
    : { isAllowed: false, spentAt: recent };
}
