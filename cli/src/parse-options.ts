/** SHELL. What every command needs: its options as parsed data, and the examples below its help. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import type { z } from "zod";

/** Throws usage with the option's name. */
export function parseOptions<T>(schema: z.ZodType<T>, options: unknown): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = (issue?.path.join(".") ?? "option").replaceAll(/[A-Z]/gu, (mark) => `-${mark.toLowerCase()}`);
  throw new ChimeraError("usage", `--${name}: ${issue?.message ?? "invalid"}`);
}

function isTyped(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === "cli";
}

/** A command's options and those of the commands above it: what was typed before what nobody said, and then the nearest one. */
export function allOptions(command: Command): object {
  const chain: Command[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) chain.unshift(one);
  const valuesOf = (wantsTyped: boolean) =>
    chain.flatMap((one) => Object.entries(one.opts()).filter(([name]) => isTyped(one, name) === wantsTyped));
  return Object.fromEntries([...valuesOf(false), ...valuesOf(true)]);
}

export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
