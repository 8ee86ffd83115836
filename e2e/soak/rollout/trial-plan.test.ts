import { RolloutPhase } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { hasCome, hasPassed, Moment, momentsOf, type Sight } from "./moments.ts";
import { endsOf, rolloutFaults } from "./rollout-faults.ts";
import { perRound, planRollout } from "./trial-plan.ts";

const rounds = Moment.options.length;
const plans = Array.from({ length: perRound * rounds }, (_, trial) => planRollout({ seed: 7, trial }));

test("every phase that a record can be in has moments, and at each of them rollouts are disturbed", () => {
  expect(Object.keys(momentsOf).toSorted()).toEqual(RolloutPhase.options.toSorted());
  const moments = Object.values(momentsOf).flat();
  expect(new Set(moments)).toEqual(new Set(Moment.options));
  const disturbed = plans.filter(({ fault }) => rolloutFaults.get(fault)?.deed !== "nothing");
  for (const moment of moments) expect(disturbed.map((plan) => plan.moment)).toContain(moment);
});

test("one round is every fault once; in as many rounds as there are moments each comes at each of its moments", () => {
  expect(new Set(plans.slice(0, perRound).map(({ fault }) => fault)).size).toBe(perRound);
  const cells = [...rolloutFaults].flatMap(([fault, { moments }]) =>
    moments.map((moment) => `${fault} ${moment}`),
  );
  expect(new Set(plans.map(({ fault, moment }) => `${fault} ${moment}`))).toEqual(new Set(cells));
});

test("the same seed and number give the same trial, another seed another sequence", () => {
  expect(planRollout({ seed: 7, trial: 40 })).toEqual(plans[40]);
  const other = Array.from({ length: perRound }, (_, trial) => planRollout({ seed: 8, trial }));
  expect(other).not.toEqual(plans.slice(0, perRound));
});

const sight = (phase: RolloutPhase, wave: number | null = null, state: Sight["canary"] = null): Sight => ({
  record: { phase, released: wave === null ? null : { wave, first: 1 } },
  canary: state,
  last: state,
});

test.each<[Moment, Sight, Sight]>([
  ["staging", sight("staging"), sight("waves", 0)],
  ["canary wave", sight("waves", 0), sight("waves", 1)],
  ["probation", sight("waves", 0, "probation"), sight("waves", 0, "activating")],
  ["later wave", sight("waves", 1), sight("waves", 0)],
  ["last wave", sight("waves", 2, "probation"), sight("waves", 2, "activating")],
  ["paused", sight("paused", 0), sight("waves", 0)],
  ["committed", sight("committed", 2), sight("waves", 2)],
  ["returned", sight("returned", 2), sight("paused", 2)],
])("%s is seen when it is there", (moment, there, before) => {
  expect([hasCome(moment, there), hasCome(moment, before)]).toEqual([true, false]);
  expect(hasCome(moment, { record: null, canary: null, last: null })).toBe(false);
});

test("what is over brings no moment any more but its own", () => {
  expect(hasPassed("probation", sight("returned", 1))).toBe(true);
  expect(hasPassed("returned", sight("returned", 1))).toBe(false);
  expect(hasPassed("probation", sight("paused", 1))).toBe(false);
});

test("everything may end somehow, a rollout that goes back by itself not anew, and a panic never", () => {
  const cells = [...rolloutFaults.values()].flatMap((fault) =>
    fault.moments.map((moment) => endsOf(fault, moment)),
  );
  expect(cells.every((ends) => ends.length > 0)).toBe(true);
  expect(endsOf({ deed: "kill NATS", moments: Moment.options }, "returned")).toEqual(["old"]);
  const panics = [...rolloutFaults].filter(([name]) => name.startsWith("panic"));
  expect(panics.map(([, fault]) => endsOf(fault, "committed"))).toEqual([["old"], ["old"]]);
});
