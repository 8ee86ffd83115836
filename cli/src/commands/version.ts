/** SHELL. `chimera version`: with --json for programs. */
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../io.ts";
import { examples, parseOptions } from "../parse-options.ts";
import { version } from "../version.ts";

const Options = z.object({ json: z.boolean().default(false) });

export function define(command: Command, io: Io): void {
  command
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera version", "chimera --version"]))
    .action((options: unknown) => {
      const text = version(io.env);
      io.out(parseOptions(Options, options).json ? `${JSON.stringify({ version: text })}\n` : `${text}\n`);
    });
}
