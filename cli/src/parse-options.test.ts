import { Command } from "commander";
import { expect, test } from "vitest";
import { allOptions } from "./parse-options.ts";

async function optionsOf(argv: readonly string[]): Promise<object> {
  let found: object = {};
  const program = new Command("chimera").enablePositionalOptions().exitOverride();
  const drift = program
    .command("drift")
    .argument("[node]")
    .option("--json")
    .option("--limit <n>", "how many", "20");
  drift
    .command("history")
    .argument("[node]")
    .option("--json")
    .option("--limit <n>", "how many", "200")
    .action((_node: unknown, _options: unknown, command: Command) => {
      found = allOptions(command);
    });
  await program.parseAsync(["drift", ...argv], { from: "user" });
  return found;
}

test.each<[what: string, argv: string[], options: object]>([
  ["what is said of the command", ["history", "n1", "--limit", "1000"], { limit: "1000" }],
  ["nothing is said: what the command itself has as its default", ["history"], { limit: "200" }],
  ["what is said of the command above it", ["--limit", "5", "--json", "history"], { limit: "5", json: true }],
  ["both: the nearer one", ["--limit", "5", "history", "--limit", "7"], { limit: "7" }],
])("%s counts", async (_, argv, options) => {
  expect(await optionsOf(argv)).toEqual(options);
});
