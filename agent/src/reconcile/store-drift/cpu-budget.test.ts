import { expect, test } from "vitest";
import { mostOwedMs, openBudget, spendCpu } from "./cpu-budget.ts";

test("whatever is asked of it, a worker takes at most 5 % of each minute", () => {
  for (const pieceMs of [0.2, 1, 7, 60]) {
    let [nowMs, cpuMs] = [0, 0];
    let budget = openBudget({ nowMs, cpuMs });
    const spent: { nowMs: number; cpuMs: number }[] = [];
    while (nowMs < 300_000) {
      [nowMs, cpuMs] = [nowMs + pieceMs, cpuMs + pieceMs];
      // Now and then something has a hurry.
      const mayOweMs = Math.floor(nowMs / 30_000) % 3 === 1 ? mostOwedMs : 0;
      const answer = spendCpu(budget, { nowMs, cpuMs, mayOweMs });
      ({ budget } = answer);
      nowMs += answer.restMs;
      spent.push({ nowMs, cpuMs });
    }
    let last = 0;
    const minutes = spent.map(({ nowMs: from, cpuMs: before }) => {
      while ((spent[last + 1]?.nowMs ?? Infinity) <= from + 60_000) last += 1;
      return (spent[last]?.cpuMs ?? before) - before;
    });
    expect(Math.max(...minutes)).toBeLessThanOrEqual(3000);
    expect(cpuMs).toBeGreaterThan(300_000 * 0.025);
  }
});

test("what an idle hour would have allowed is not spent at once", () => {
  const budget = openBudget({ nowMs: 0, cpuMs: 0 });
  expect(spendCpu(budget, { nowMs: 3600_000, cpuMs: 1000 }).restMs).toBeGreaterThan(10_000);
});

test("what has a hurry rests only when much is owed, and all of it is paid back", () => {
  const spent = spendCpu(openBudget({ nowMs: 0, cpuMs: 0 }), { nowMs: 500, cpuMs: 500, mayOweMs: 1000 });
  expect(spent.restMs).toBe(0);
  const more = spendCpu(spent.budget, { nowMs: 2000, cpuMs: 2000, mayOweMs: 1000 });
  expect(more.restMs).toBeGreaterThan(30_000);
  expect(spendCpu(spent.budget, { nowMs: 500, cpuMs: 500 }).restMs).toBeGreaterThan(15_000);
});
