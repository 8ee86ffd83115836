/** SHELL. The option that every command but `dev` has. */
import { Option } from "commander";

export function configOption(): Option {
  return new Option("--config <file>", "configuration, JSON").default("/etc/chimera/controller.json");
}

/** Help with examples at its end. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
