/** PURE. What is wrong with a document, on one line, every field by its path. */
import type { z } from "zod";

const shown = 16;

export interface FieldProblem {
  field: string;
  message: string;
}

/** An unknown key is named as a field of its own, not as a fault of its parent. */
export function fieldProblems(error: z.core.$ZodError): FieldProblem[] {
  const problems = error.issues.slice(0, shown).flatMap((issue) => {
    const field = issue.path.map(String).join(".").slice(0, 512);
    if (issue.code !== "unrecognized_keys") return [{ field, message: issue.message.slice(0, 1024) }];
    return issue.keys.slice(0, shown).map((key) => ({
      field: [...issue.path.map(String), key].join(".").slice(0, 512),
      message: "unknown key",
    }));
  });
  return problems.slice(0, shown);
}

export function describeIssues(error: z.core.$ZodError): string {
  return fieldProblems(error)
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .join("; ");
}
