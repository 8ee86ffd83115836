/** PURE. How long a worker rests, so that in no minute it takes more than its share of a core. */

/** Below the 5 % that are promised: what runs between two looks at the clock is not seen. */
const share = 0.03;
/** What an idle time leaves over, at most. */
const mostSavedMs = 150;
/** What has a hurry may take ahead: that of about a gigabyte. With 3 % of a minute and what was saved it stays below 5 %. */
export const mostOwedMs = 900;
/** A shorter rest costs more than it saves. */
const leastRestMs = 5;

export interface CpuBudget {
  /** CPU time that may be spent at once; negative after more was. */
  leftMs: number;
  atMs: number;
  cpuMs: number;
}

/** Nothing is saved at first: a worker that is started again and again is not given it each time. */
export function openBudget(clock: { nowMs: number; cpuMs: number }): CpuBudget {
  return { leftMs: 0, atMs: clock.nowMs, cpuMs: clock.cpuMs };
}

/** Both clocks only rise. What has a hurry rests only when more than `mayOweMs` is owed; it is paid back afterwards. */
export function spendCpu(
  budget: CpuBudget,
  { nowMs, cpuMs, mayOweMs = 0 }: { nowMs: number; cpuMs: number; mayOweMs?: number },
): { budget: CpuBudget; restMs: number } {
  const earned = (nowMs - budget.atMs) * share;
  const leftMs = Math.min(mostSavedMs, budget.leftMs + earned) - (cpuMs - budget.cpuMs);
  const owedMs = -leftMs - mayOweMs;
  const restMs = owedMs > 0 ? Math.ceil(owedMs / share) : 0;
  return { budget: { leftMs, atMs: nowMs, cpuMs }, restMs: restMs < leastRestMs ? 0 : restMs };
}
