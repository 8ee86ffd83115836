#!/usr/bin/env node
/** SHELL. chimera-controller: the command line, and the one place where an error becomes an exit code. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { Command, CommanderError } from "commander";
import { devCommand } from "./commands/dev-command.ts";
import { natsConfigCommand } from "./commands/nats-config-command.ts";
import { nodeCommand } from "./commands/node-command.ts";
import { operatorCommand } from "./commands/operator-command.ts";
import { serveCommand } from "./commands/serve-command.ts";
import { tokenCommand } from "./commands/token-command.ts";

/** Set by tools/bundle.ts; a wrapper's environment goes before it. */
declare const CHIMERA_VERSION: string | undefined;

const bundled = typeof CHIMERA_VERSION === "string" ? CHIMERA_VERSION : "development";
const version = process.env["CHIMERA_VERSION"] ?? bundled;

const program = new Command("chimera-controller")
  .description("Stores signed heads in NATS JetStream, serves the API and a Nix binary cache.")
  .version(version)
  .showHelpAfterError("(add --help for the options)")
  .exitOverride()
  .addCommand(serveCommand(version))
  .addCommand(devCommand(version))
  .addCommand(natsConfigCommand())
  .addCommand(tokenCommand())
  .addCommand(nodeCommand())
  .addCommand(operatorCommand());
for (const command of program.commands) overrideExit(command);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // commander has printed what was wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : errorCodes.usage.exit;
  process.stderr.write(`chimera-controller: ${errorChain(error)}\n`);
  if (error instanceof ChimeraError) return errorCodes[error.code].exit;
  if (error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return errorCodes.bug.exit;
}

function overrideExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) overrideExit(child);
}
