/** How often one path is put back, fast and slow, and what of that outlives the process. */
import { expect, test } from "vitest";
import { createBudget, type EtcBudget } from "./etc-budget.ts";
import {
  budgetReverts,
  budgetWindowMs,
  firstRestMs,
  longestRestMs,
  markOf,
  peaceMs,
  slowReverts,
  slowWindowMs,
} from "./fight.ts";

const minute = 60_000;
const hour = 60 * minute;

test("the eleventh revert within a minute trips, rests ten minutes, then tries again", () => {
  const budget = createBudget();
  const ask = (now: number): string => budget.spend("/etc/a", now).kind;
  for (let count = 0; count < budgetReverts; count += 1) expect(ask(count)).toBe("allowed");
  expect(ask(50)).toBe("tripped");
  expect(budget.isResting("/etc/a", 60)).toBe(true);
  expect(budget.spend("/etc/b", 60).kind).toBe("allowed");
  expect(ask(50 + firstRestMs.minute - 1)).toBe("resting");
  expect(ask(50 + firstRestMs.minute)).toBe("allowed");
});

test("tries that did not go well, as on a full disk, are no fight over a day", () => {
  const budget = createBudget();
  for (let count = 0; count < 1000; count += 1) {
    const now = (count * budgetWindowMs) / (budgetReverts - 1);
    expect(budget.spend("/etc/a", now)).toEqual({ kind: "allowed" });
  }
});

/** Spends until the path trips; how long it rests then. */
function trip(budget: EtcBudget, now: number): number {
  for (let count = 0; count < budgetReverts; count += 1)
    expect(budget.spend("/etc/a", now).kind).toBe("allowed");
  const answer = budget.spend("/etc/a", now);
  if (answer.kind !== "tripped") throw new Error(`it is ${answer.kind}`);
  return answer.restMs;
}

test("each further trip rests twice as long, to a bound, and a day of peace begins anew", () => {
  const budget = createBudget();
  let now = 0;
  const rests: number[] = [];
  for (let count = 0; count < 8; count += 1) {
    const restMs = trip(budget, now);
    rests.push(restMs);
    now += restMs;
  }
  expect(rests.slice(0, 3)).toEqual([1, 2, 4].map((times) => times * firstRestMs.minute));
  expect(rests.at(-1)).toBe(longestRestMs);
  expect(trip(budget, now + peaceMs)).toBe(firstRestMs.minute);
});

test("a path that is resumed is put back at once, and begins anew", () => {
  const budget = createBudget();
  trip(budget, 0);
  expect(budget.resume("/etc/a", 1)).toBe(true);
  expect(budget.resume("/etc/a", 1)).toBe(false);
  expect(trip(budget, 2)).toBe(firstRestMs.minute);
});

/** Changed at each of these times, and put back where the budget lets it; at which times it tripped. */
function fight(budget: EtcBudget, times: readonly number[]): { tripped: number[]; reverted: number } {
  const tripped: number[] = [];
  let reverted = 0;
  for (const now of times) {
    const { kind } = budget.spend("/etc/a", now);
    if (kind === "tripped") tripped.push(now);
    if (kind !== "allowed") continue;
    reverted += 1;
    budget.noteReverted("/etc/a", now);
  }
  return { tripped, reverted };
}

const every = (ms: number, from: number, until: number): number[] =>
  Array.from({ length: Math.ceil((until - from) / ms) }, (_, index) => from + index * ms);

test("a change in five minutes trips after six reverts, rests ever longer, and is put back once between two rests", () => {
  const { tripped, reverted } = fight(createBudget(), every(5 * minute, 0, 24 * hour));
  const first = slowReverts * 5 * minute;
  // One is put back at the end of each rest, and the change after it trips.
  const second = first + hour + 5 * minute;
  const third = second + 2 * hour + 5 * minute;
  expect(tripped.slice(0, 3)).toEqual([first, second, third]);
  expect(tripped).toHaveLength(6);
  expect(reverted).toBe(slowReverts + 5);
});

test("many reverts in one minute count once over the day, and as many as six a day are no fight", () => {
  const bursts = every(10 * minute, 0, hour - 1).flatMap((from) => every(1000, from, from + 5000));
  expect(fight(createBudget(), bursts)).toEqual({ tripped: [], reverted: 30 });
  expect(fight(createBudget(), every(slowWindowMs / slowReverts, 0, 7 * slowWindowMs)).tripped).toEqual([]);
});

test("a slow fight goes on where it was in another process", () => {
  const before = createBudget();
  expect(fight(before, every(5 * minute, 0, 20 * minute))).toEqual({ tripped: [], reverted: 4 });
  const after = createBudget(before.remembered(21 * minute), 1000);
  expect(fight(after, [5 * minute, 10 * minute, 15 * minute])).toEqual({
    tripped: [15 * minute],
    reverted: 2,
  });
  const third = createBudget(after.remembered(16 * minute), 7);
  expect(third.spend("/etc/a", 7)).toEqual({
    kind: "resting",
    restMs: 59 * minute,
    trips: 1,
    pace: "day",
  });
  expect(createBudget(third.remembered(8 * hour)).isResting("/etc/a", 0)).toBe(false);
  expect(createBudget(third.remembered(3 * 24 * hour)).remembered(0)).toEqual([]);
});

test("a storm of single changes does not make it forget a fight, and is forgotten itself", () => {
  const budget = createBudget();
  fight(budget, every(5 * minute, 0, 30 * minute));
  for (let index = 0; index < 10_000; index += 1) budget.noteReverted(`/etc/storm-${index}`, 30 * minute);
  expect(budget.spend("/etc/a", 31 * minute).kind).toBe("tripped");
  const remembered = budget.remembered(32 * minute);
  expect(remembered[0]?.path).toBe("/etc/a");
  expect(remembered).toHaveLength(4097);
  expect(remembered[1]?.path).toBe("/etc/storm-9999");
});

test("what came back by itself is known by what it is, until it is gone or resumed, in another process too", () => {
  const left = { mark: markOf({ type: "symlink", target: "/dev/null" }), why: "a generator" };
  const budget = createBudget();
  budget.leave("/run/a", left);
  expect(createBudget(budget.remembered(0)).leftAt("/run/a")).toEqual(left);
  expect(markOf({ type: "symlink", target: "/tmp/x" })).not.toBe(left.mark);
  budget.forgetLeft("/run/a");
  expect(budget.leftAt("/run/a")).toBeNull();
  budget.leave("/run/a", left);
  expect(budget.resume("/run/a", 0)).toBe(true);
  expect(budget.leftAt("/run/a")).toBeNull();
});
