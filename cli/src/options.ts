/** SHELL. Options that many commands share, and their values as parsed data. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";

export function addFleetOptions(command: Command): Command {
  return command
    .option("-c, --context <name>", "fleet to work on (default: the current context)")
    .option("--json", "print JSON, for programs");
}

export const FleetOptions = z.object({ context: z.string().optional(), json: z.boolean().default(false) });
export type FleetOptions = z.infer<typeof FleetOptions>;

export function addFollowOptions(command: Command): Command {
  return command
    .option("--reason <text>", "why, kept in the head and shown in history", "")
    .option("--timeout <seconds>", "how long to follow the nodes", "600")
    .option("--no-follow", "return as soon as the head is stored")
    .option("--expires <hours>", "a node that has not seen the head by then never takes it", "24");
}

export const FollowOptions = z.object({
  reason: z.string().max(1024, "at most 1024 characters"),
  timeout: z.coerce
    .number("a number of seconds")
    .positive("more than 0 seconds")
    .max(86_400, "at most a day"),
  follow: z.boolean(),
  expires: z.coerce
    .number("a number of hours")
    .positive("more than 0 hours")
    .max(24 * 90, "at most 90 days"),
});
export type FollowOptions = z.infer<typeof FollowOptions>;

/** Throws usage with the option's name. */
export function parseOptions<T>(schema: z.ZodType<T>, options: unknown): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ChimeraError("usage", `--${issue?.path.join(".") ?? "option"}: ${issue?.message ?? "invalid"}`);
}

export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
