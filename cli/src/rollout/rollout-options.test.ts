import { expect, test } from "vitest";
import { RolloutFile } from "../fleet/head/plan-rollout.ts";
import { RolloutOptions, wantedRollout } from "./rollout-options.ts";

const file = RolloutFile.parse({ waves: ["1", "rest"], maxFailed: 3, maxUnavailable: 2, deadline: "2h" });
const wanted = (typed: object, from?: RolloutFile) => wantedRollout(RolloutOptions.parse(typed), from);

test("without waves everybody goes at once", () => {
  expect(wanted({})).toBeNull();
  expect(wanted({ waves: false }, file)).toBeNull();
});

test("chimera.toml says how, and what is typed comes first", () => {
  expect(wanted({}, file)).toEqual(file);
  expect(wanted({ maxFailed: "10%", waves: "1, 25%,rest" }, file)).toEqual({
    ...file,
    waves: ["1", "25%", "rest"],
    maxFailed: { number: 10, isShare: true },
  });
});

test("typed waves alone take the defaults", () => {
  expect(wanted({ waves: "@canary,rest" })).toEqual(RolloutFile.parse({ waves: ["@canary", "rest"] }));
});

test("a limit of no waves is named", () => {
  expect(() => wanted({ maxUnavailable: "2" })).toThrow("--max-unavailable says nothing without --waves");
  expect(() => wanted({ waves: false, onFailure: "pause" }, file)).toThrow("--on-failure says nothing");
  expect(() => wanted({ waves: "1,," })).toThrow("--waves: a list like 1,25%,rest");
});
