import { expect, test } from "vitest";
import { nextRollout, RolloutOptions } from "./options.ts";
import { rolloutFaults } from "./rollout-faults.ts";
import { perRound, planRollout } from "./trial-plan.ts";

const met = { fault: "panic", moment: "paused", hit: true, ok: true } as const;
const lines = [
  { seed: 5, trial: 0, ...met },
  { seed: 5, trial: 3, ...met, fault: "NATS is killed", hit: false },
  { seed: 6, trial: 8, ...met, fault: "the lead is killed", ok: false },
];
let clock = 0;
const all = (values: object, seed = 5) => {
  const next = nextRollout({ ...RolloutOptions.parse(values), seed, lines, nowMs: () => clock });
  const ids: (number | undefined)[] = [];
  for (let id = next(); id !== undefined && ids.length < 400; id = next()) ids.push(id.trial);
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

test("what the ledger has not met yet, or has seen fail, comes once at each of its moments", () => {
  const trials = all({ missing: true }, 9).map((trial) => planRollout({ seed: 9, trial: trial ?? -1 }));
  const cells = trials.map(({ fault, moment }) => `${fault}; ${moment}`);
  const every = [...rolloutFaults].flatMap(([fault, { moments }]) =>
    moments.map((moment) => `${fault}; ${moment}`),
  );
  expect(cells.toSorted()).toEqual(every.filter((cell) => cell !== "panic; paused").toSorted());
  expect(all({ missing: true, trials: "3" }, 9)).toHaveLength(3);
});
