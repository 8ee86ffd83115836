import { Command } from "commander";
import { expect, test } from "vitest";
import { wantsFile } from "./wants-file.ts";

const program = new Command("chimera");
program
  .command("run")
  .argument("[file...]")
  .option("-d, --detach")
  .option("--name <name>")
  .option("--env <environment>");
program.command("attach").argument("[session]").option("--record <file>").option("-k, --keyboard");
const record = program.command("record");
record.command("play").argument("<file>").option("--speed <times>");
program.command("publish").argument("<node>").argument("<path>").option("--root-key <file...>");

test.each<[boolean, ...string[]]>([
  [true, "run", ""],
  [true, "run", "-d", "tools/ba"],
  [true, "run", "--name", "x", ""],
  [true, "run", "train.py", "--epochs", "10", "da"],
  [false, "run", "--name", ""],
  [false, "run", "--na"],
  [false, "ru"],
  [false, "attach", "we"],
  [false, "attach", "-k", "we"],
  [true, "attach", "--record", ""],
  [false, "attach", "--record", "x.cast", ""],
  [false, "record", "pl"],
  [true, "record", "play", ""],
  [false, "record", "play", "x.cast", ""],
  [false, "record", "play", "--speed", ""],
  [false, "publish", ""],
  [true, "publish", "n1", ""],
  [true, "publish", "--root-key", ""],
  [false, "nonsense", ""],
  [false],
])("%s: %s %s %s %s %s %s", (wants, ...words) => {
  expect(wantsFile(program, words)).toBe(wants);
});
