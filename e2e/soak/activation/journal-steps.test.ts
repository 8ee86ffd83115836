import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { glimpseOf, JournalStep } from "./journal-steps.ts";
import { reachBy } from "./scenarios.ts";

/** From the journal's code itself; the soak's programs see the agent from outside only. */
async function stepsOfTheAgent(): Promise<string[]> {
  const file = join(import.meta.dirname, "../../../agent/src/reconcile/journal.ts");
  const module: unknown = await import(pathToFileURL(file).href);
  return z.object({ Step: z.object({ options: z.array(z.string()) }) }).parse(module).Step.options;
}

test("every step of the journal's code is reached by a scenario, and no other is spoken of", async () => {
  const known = new Set<string>(JournalStep.options);
  const steps = await stepsOfTheAgent();
  expect(steps.length).toBeGreaterThan(5);
  expect(
    steps.filter((step) => !known.has(step)),
    "steps without a trial",
  ).toEqual([]);
  expect(Object.keys(reachBy).toSorted()).toEqual([...known].toSorted());
});

test("what is no journal is none: nothing, garbage, a version that says nothing of what is asked", () => {
  for (const text of ["", "{", "[]", "null", '{"v":9,"plan":[]}', '{"v":1,"step":"dancing"}']) {
    expect(glimpseOf(text)).toBeUndefined();
  }
});
