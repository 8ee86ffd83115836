/** PURE. What is wrong with something that does not fit its schema, in a line: a file with a million wrong entries too. */
import type { z } from "zod";

const mostShown = 3;

export function firstIssues({ issues }: z.ZodError): string {
  const shown = issues
    .slice(0, mostShown)
    .map(({ path, message }) => `${path.join(".") || "the whole"}: ${message}`)
    .join("; ");
  return issues.length > mostShown ? `${shown}; …` : shown;
}
