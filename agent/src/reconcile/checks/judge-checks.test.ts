import { describe, expect, test } from "vitest";
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";
import { check, result } from "./check-fixture.ts";
import { judgeChecks, unhealthyCheck } from "./judge-checks.ts";

const [a, b] = [check("a"), check("b", { passes: 1, failures: 2 })];
const goodA = result("a", { passesInRow: 2 });

describe("whether the checks let a system be committed", () => {
  const cases: [string, HealthCheck[], CheckResult[], [string, string] | null][] = [
    ["no check", [], [], null],
    ["a check that never ran", [a], [], ["a", "not run yet (0 of 2 passes)"]],
    ["a pass too few", [a], [result("a", { passesInRow: 1, message: "up" })], ["a", "up (1 of 2 passes)"]],
    ["all passes", [a, b], [goodA, result("b", { passesInRow: 9 })], null],
    [
      "a failing one behind one that waits",
      [a, b],
      [result("a"), result("b", { failuresInRow: 1, message: "503" })],
      ["b", "503 (0 of 1 passes)"],
    ],
    [
      "a failure in the grace, which is no more than waiting",
      [a, b],
      [result("a", { message: "not there" }), result("b", { message: "503" })],
      ["a", "not there (0 of 2 passes)"],
    ],
    ["a check of the lead", [check("l", { from: "lead" })], [], null],
    ["a check of contact", [check("c", { kind: "contact" })], [result("c", { failuresInRow: 9 })], null],
    [
      "a result of another kind by that name",
      [a],
      [result("a", { kind: "gpu", passesInRow: 9 })],
      ["a", "not run yet (0 of 2 passes)"],
    ],
    ["results that nobody asked for", [a], [result("x", { failuresInRow: 5 }), goodA], null],
  ];
  for (const [name, checks, results, verdict] of cases) {
    test(`${name}: judged as it should be`, () => {
      const expected =
        verdict === null ? { kind: "healthy" } : { kind: "not-yet", check: verdict[0], message: verdict[1] };
      expect(judgeChecks(checks, results)).toEqual(expected);
    });
  }
});

describe("whether a node has turned unhealthy", () => {
  const cases: [string, HealthCheck[], CheckResult[], { check: string; message: string } | null][] = [
    ["no result", [a, b], [], null],
    ["a failure too few", [b], [result("b", { failuresInRow: 1 })], null],
    [
      "the first of two",
      [a, b],
      [result("b", { failuresInRow: 2, message: "late" }), result("a", { failuresInRow: 3 })],
      { check: "a", message: "3 failures in a row" },
    ],
    ["a lost contact", [check("c", { kind: "contact" })], [result("c", { failuresInRow: 99 })], null],
    ["the lead's", [check("l", { from: "lead" })], [result("l", { failuresInRow: 99 })], null],
  ];
  for (const [name, checks, results, found] of cases) {
    test(`${name}: found or not`, () => expect(unhealthyCheck(checks, results)).toEqual(found));
  }
});

test("whatever the counts are: healthy and unhealthy exclude each other, and the order of results says nothing", () => {
  const checks = [check("a"), check("b", { passes: 3, failures: 1 }), check("c", { kind: "contact" })];
  // In a row are either passes or failures: -3 to 3.
  const counts = [-3, -2, -1, 0, 1, 2, 3];
  for (const inA of counts)
    for (const inB of counts) {
      const results = [
        counted("a", inA),
        counted("b", inB),
        { ...counted("c", -inA), kind: "contact" as const },
      ];
      const [verdict, found] = [judgeChecks(checks, results), unhealthyCheck(checks, results)];
      expect(judgeChecks(checks, results.toReversed())).toEqual(verdict);
      expect(unhealthyCheck(checks, results.toReversed())).toEqual(found);
      expect(verdict.kind === "healthy").toBe(inA >= 2 && inB >= 3);
      expect(found === null).toBe(inA > -3 && inB > -1);
      // What turned the node unhealthy, or would earlier, is what keeps a system from its commit.
      const named = verdict.kind === "healthy" ? null : verdict.check;
      expect(found === null || named === (inA < 0 ? "a" : "b")).toBe(true);
    }
});

function counted(name: string, inARow: number): CheckResult {
  return result(name, { passesInRow: Math.max(0, inARow), failuresInRow: Math.max(0, -inARow) });
}
