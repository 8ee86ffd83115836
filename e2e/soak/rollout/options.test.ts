import { expect, test } from "vitest";
import { nextRollout, RolloutOptions } from "./options.ts";
import { perRound } from "./trial-plan.ts";

const lines = [
  { seed: 5, trial: 0 },
  { seed: 5, trial: 3 },
  { seed: 6, trial: 8 },
];
let clock = 0;
const all = (values: object, seed = 5) => {
  const next = nextRollout({ ...RolloutOptions.parse(values), seed, lines, nowMs: () => clock });
  const ids: (number | undefined)[] = [];
  for (let id = next(); id !== undefined && ids.length < 200; id = next()) ids.push(id.trial);
  return ids;
};

test("a seed goes on where the ledger's lines of it end; a new one begins", () => {
  expect(all({ trials: "2" })).toEqual([4, 5]);
  expect(all({ trials: "2" }, 9)).toEqual([0, 1]);
  expect(all({}, 9)).toHaveLength(perRound);
});

test("a replay does again what it names, or all that the ledger knows of its seed", () => {
  expect(all({ replay: "5" })).toEqual([0, 3]);
  expect(all({ replay: "77:2" })).toEqual([2]);
  expect(all({ replay: "77" })).toEqual([]);
});

test("with hours it ends when they are over", () => {
  const next = nextRollout({ hours: 1, seed: 9, lines, nowMs: () => clock });
  expect(next()).toEqual({ seed: 9, trial: 0 });
  clock += 3_600_001;
  expect(next()).toBeUndefined();
});

test("hours and trials together are refused", () => {
  expect(RolloutOptions.safeParse({ hours: "1", trials: "2" }).success).toBe(false);
});
