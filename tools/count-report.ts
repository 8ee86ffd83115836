/** PURE. Counts the tests in the JSON report of one vitest run, so that no figure is ever typed in. */
import { z } from "zod";

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

export type Counts = { passed: number; failed: number; skipped: string[] };

/**
 * A file that did not load holds no failed test, and an unhandled rejection fails a run whose tests all passed: each
 * counts as one failure. So does a run without a report. Zero failures always means that vitest was content.
 */
export function countReport(text: string | undefined): Counts {
  if (text === undefined) return { passed: 0, failed: 1, skipped: [] };
  const { success, testResults } = Report.parse(JSON.parse(text));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const unloaded = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  );
  const failed = tests.filter((one) => one.status === "failed").length + unloaded.length;
  return {
    passed: tests.filter((one) => one.status === "passed").length,
    failed: failed === 0 && !success ? 1 : failed,
    skipped: tests
      .filter((one) => one.status !== "passed" && one.status !== "failed")
      .map((one) => one.fullName),
  };
}
