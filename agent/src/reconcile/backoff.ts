/** PURE. Waiting times between two attempts of one thing. */

const firstMs = 2_000;
const longestMs = 5 * 60_000;

/** 2 s after the first failure, doubled each time, at most five minutes. */
export function backoffMs(failures: number): number {
  if (failures <= 0) return 0;
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 20), longestMs);
}
