import { CheckResult } from "@chimera/proto/health-check";
import { expect, test } from "vitest";
import { failed, passed } from "./check-outcome.ts";
import { countRun, noRuns } from "./count-run.ts";

const check = { name: "web", kind: "http", passes: 2, failures: 3 } as const;
const at = "2026-01-01T00:00:00.000Z";

/** p passes, f fails, g fails in the grace; upper case where somebody has to know. */
function play(runs: string): { counts: string; news: string } {
  let result = noRuns(check);
  let [counts, news] = ["", ""];
  for (const letter of runs) {
    const outcome = letter === "p" ? passed("up") : failed("down");
    const counted = countRun(check, result, { outcome, isCounted: letter !== "g", at });
    result = CheckResult.parse(counted.result);
    counts += `${result.passesInRow}/${result.failuresInRow} `;
    news += counted.isNews ? letter.toUpperCase() : letter;
  }
  expect(result.runs).toBe(runs.length);
  return { counts: counts.trim(), news };
}

for (const [runs, counts, news] of [
  ["ppp", "1/0 2/0 3/0", "pPp"],
  ["ffff", "0/1 0/2 0/3 0/4", "ffFf"],
  ["ggf", "0/0 0/0 0/1", "ggf"],
  ["gp", "0/0 1/0", "gp"],
  ["pgp", "1/0 0/0 1/0", "pGp"],
  ["pfpp", "1/0 0/1 1/0 2/0", "pFPP"],
  ["fffp", "0/1 0/2 0/3 1/0", "ffFP"],
] as const) {
  test(`${runs} counts as ${counts}`, () => expect(play(runs)).toEqual({ counts, news }));
}

test("a message that is too long is cut, between two characters", () => {
  const outcome = failed(`${"x".repeat(511)}🦄 and more`);
  const { result } = countRun(check, noRuns(check), { outcome, isCounted: true, at });
  expect(CheckResult.parse(result).message).toBe(`${"x".repeat(511)}\uFFFD`);
});
