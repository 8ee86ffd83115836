import { expect, test } from "vitest";
import { countReport } from "./count-report.ts";

const report = (success: boolean, ...files: { status: string; tests: string[] }[]) =>
  JSON.stringify({
    success,
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((one, at) => ({ status: one, fullName: `test ${at}` })),
    })),
  });

test("passed and failed tests are counted and skipped ones are named", () => {
  const text = report(false, { status: "failed", tests: ["passed", "failed", "skipped", "todo"] });
  expect(countReport(text)).toEqual({ passed: 1, failed: 1, skipped: ["test 2", "test 3"] });
});

test("a file that did not load counts as one failure beside the files that ran", () => {
  const text = report(false, { status: "passed", tests: ["passed"] }, { status: "failed", tests: [] });
  expect(countReport(text)).toEqual({ passed: 1, failed: 1, skipped: [] });
});

test("a run that failed without a failed test, or that left no report, is one failure", () => {
  expect(countReport(report(false, { status: "passed", tests: ["passed"] })).failed).toBe(1);
  expect(countReport(report(true, { status: "passed", tests: ["passed"] })).failed).toBe(0);
  expect(countReport(undefined)).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test("a report that is cut off or of another shape is refused, never counted as nothing", () => {
  expect(() => countReport('{"success": true, "testRes')).toThrow(SyntaxError);
  expect(() => countReport("{}")).toThrow(/testResults/);
});
