import { expect, test } from "vitest";
import { inLane, laneOf } from "./lane.ts";

test.for([
  [{}, 1],
  [{ VITEST_POOL_ID: "2" }, 2],
  [{ VITEST_POOL_ID: "2", CHIMERA_LAB_LANE: "3" }, 3],
  [{ CHIMERA_LAB_LANE: "9" }, 1],
  [{ CHIMERA_LAB_LANE: "two" }, 1],
] as const)("%j is lane %i", ([env, lane]) => {
  expect(laneOf(env)).toBe(lane);
});

test("lanes share no name", () => {
  expect([1, 2, 3].map((one) => inLane("chimera-lab", one))).toEqual([
    "chimera-lab",
    "chimera-lab-2",
    "chimera-lab-3",
  ]);
});
