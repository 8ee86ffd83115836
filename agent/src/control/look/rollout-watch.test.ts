/** What a node takes for the end of a rollout: nobody signs the record that says so. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { base, nowMs, third, time } from "../../desired/desired-fixture.ts";
import { createRolloutWatch } from "./rollout-watch.ts";

interface World {
  state: TrustState;
  /** What is under it signed by others, and what this machine has done. */
  isEndProven: boolean;
  isBackProven: boolean;
  isBack: boolean;
  nowMs: number;
}

const hourMs = 3_600_000;
const committedIt: TrustState = {
  ...base,
  leaves: base.leaves.map((leaf) => ({ ...leaf, committedAt: time })),
};
const usual: World = { state: committedIt, isEndProven: false, isBackProven: false, isBack: false, nowMs };

function watchIn(world: World, value: RolloutRecord | null = null) {
  return createRolloutWatch({
    keeper: {
      state: () => world.state,
      clear: () => undefined,
      refuse: () => undefined,
      refuseMalformed: () => undefined,
    },
    value,
    save: () => undefined,
    isBack: () => world.isBack,
    proofs: () => world,
    nowMs: () => world.nowMs,
    onChange: () => undefined,
    onRecord: () => undefined,
  });
}

const record: RolloutRecord = { v: 1, head: third.id, lease: 3, phase: "waves", reason: "", at: time };

/** The phase that counts after these were found one after the other. */
function heeded(world: World, ...phases: RolloutRecord["phase"][]) {
  const watch = watchIn(world);
  for (const phase of phases) watch.take({ kind: "found", value: { ...record, phase } }, third.id);
  return watch.record()?.phase;
}

test("who has committed hears that the fleet goes back, after a word that it is over which nobody has signed", () => {
  expect(heeded(usual, "waves", "committed", "waves", "returned")).toBe("returned");
  const early = { ...usual, state: base, isEndProven: true };
  expect(heeded(early, "committed", "returned")).toBe("returned");
});

test("nobody is taken back from what everybody has signed, whoever writes that", () => {
  expect(heeded({ ...usual, isEndProven: true }, "committed", "returned", "waves")).toBe("committed");
});

test("that the fleet goes back is the end while the head consents to that, and what others write then changes nothing", () => {
  expect(heeded(usual, "returned", "waves", "committed")).toBe("returned");
});

test.each<[string, Partial<World>, string]>([
  ["nothing bears it out", {}, "waves"],
  ["half of the world has signed it", { isBackProven: true }, "returned"],
  ["this machine went in time", { isBack: true }, "returned"],
])(
  "past the consent a word that it went back in time is the end where it can be: %s",
  (_, facts, expected) => {
    const late = { ...usual, nowMs: nowMs + 2 * hourMs, ...facts };
    expect(heeded(late, "returned", "waves")).toBe(expected);
  },
);

test("a clock that was set back makes no consent younger than what an operator has signed since", () => {
  const state: TrustState = { ...committedIt, clockFloor: "2026-11-23T15:00:00.000Z" };
  expect(heeded({ ...usual, state }, "returned", "waves")).toBe("waves");
});
