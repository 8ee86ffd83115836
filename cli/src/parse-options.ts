/** SHELL. What every command needs: its options as parsed data, and the examples below its help. */
import { ChimeraError } from "@chimera/proto/errors";
import type { z } from "zod";

/** Throws usage with the option's name. */
export function parseOptions<T>(schema: z.ZodType<T>, options: unknown): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = (issue?.path.join(".") ?? "option").replaceAll(/[A-Z]/gu, (mark) => `-${mark.toLowerCase()}`);
  throw new ChimeraError("usage", `--${name}: ${issue?.message ?? "invalid"}`);
}

export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
