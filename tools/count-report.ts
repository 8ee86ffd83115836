/** PURE. Counts the tests in the JSON report of one vitest run, so that no figure is ever typed in. */
import { z } from "zod";

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(""),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          ancestorTitles: z.array(z.string()).default([]),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

export interface Counts {
  passed: number;
  failed: number;
  /** How many, by the outermost name of their group: that says what they need. */
  skipped: ReadonlyMap<string, number>;
  /** Each failure in one line: they are read where all else was cut off. */
  failures: string[];
}

const longestLine = 300;

/**
 * A file that did not load holds no failed test, and an unhandled rejection fails a run whose tests all passed: each
 * counts as one failure. So does a run without a report. Zero failures always means that vitest was content.
 */
export function countReport(text: string | undefined): Counts {
  if (text === undefined) {
    return { passed: 0, failed: 1, skipped: new Map(), failures: ["the test runner left no report"] };
  }
  const { success, testResults } = Report.parse(JSON.parse(text));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const unloaded = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  );
  const failures = [
    ...tests
      .filter((one) => one.status === "failed")
      .map((one) => lineOf(one.fullName, one.failureMessages?.[0])),
    ...unloaded.map(({ name, message }) => lineOf(name, message)),
  ];
  if (failures.length === 0 && !success) failures.push("the test runner was not content, and names no test");
  const skipped = tests.filter((one) => one.status !== "passed" && one.status !== "failed");
  return {
    passed: tests.filter((one) => one.status === "passed").length,
    failed: failures.length,
    skipped: countBy(skipped.map((one) => one.ancestorTitles[0] ?? one.fullName)),
    failures,
  };
}

function lineOf(name: string, message = ""): string {
  const [first = ""] = message.trim().split("\n");
  return `${name}: ${first}`.slice(0, longestLine);
}

function countBy(names: string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
