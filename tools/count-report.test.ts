import { expect, test } from "vitest";
import { countReport } from "./count-report.ts";

const report = (success: boolean, ...files: { status: string; tests: string[] }[]) =>
  JSON.stringify({
    success,
    testResults: files.map(({ status, tests }) => ({
      name: "a.test.ts",
      status,
      message: status === "failed" && tests.length === 0 ? "no such module" : "",
      assertionResults: tests.map((one, at) => ({
        status: one,
        fullName: `group test ${at}`,
        ancestorTitles: ["group"],
        failureMessages: one === "failed" ? ["expected 1 to be 2\n    at a.test.ts:1"] : [],
      })),
    })),
  });

test("passed and failed tests are counted, failed ones named with their reason, and skipped ones by what they need", () => {
  const text = report(false, { status: "failed", tests: ["passed", "failed", "skipped", "todo"] });
  expect(countReport(text)).toEqual({
    passed: 1,
    failed: 1,
    skipped: new Map([["group", 2]]),
    failures: ["group test 1: expected 1 to be 2"],
  });
});

test("a file that did not load counts as one failure beside the files that ran", () => {
  const text = report(false, { status: "passed", tests: ["passed"] }, { status: "failed", tests: [] });
  expect(countReport(text)).toMatchObject({ passed: 1, failed: 1, failures: ["a.test.ts: no such module"] });
});

test("a run that failed without a failed test, or that left no report, is one failure", () => {
  expect(countReport(report(false, { status: "passed", tests: ["passed"] })).failed).toBe(1);
  expect(countReport(report(true, { status: "passed", tests: ["passed"] })).failed).toBe(0);
  expect(countReport(undefined)).toMatchObject({
    passed: 0,
    failed: 1,
    failures: [expect.stringContaining("no report")],
  });
});

test("a report that is cut off or of another shape is refused, never counted as nothing", () => {
  expect(() => countReport('{"success": true, "testRes')).toThrow(SyntaxError);
  expect(() => countReport("{}")).toThrow(/testResults/);
});
