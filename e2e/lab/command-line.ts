// SHELL. What the lab's programs share at their edges: misuse is one line with the usage, a failure ends with its code.
import { parseArgs, type ParseArgsConfig } from "node:util";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";

/** Like parseArgs; a misspelt option is a usage error that names the right ones. */
export function parseCommandLine<T extends ParseArgsConfig>(usage: string, config: T) {
  try {
    return parseArgs(config);
  } catch (cause) {
    throw new ChimeraError("usage", usage, { cause });
  }
}

/** Runs a program to its end; what it throws becomes one line and the exit code of the table, a bug its stack too. */
export async function runMain(
  name: string,
  main: () => Promise<void>,
  onFailure: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    await main();
  } catch (error) {
    const known = error instanceof ChimeraError;
    process.stderr.write(`\n${name}: ${errorChain(error)}\n`);
    if (!known && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = errorCodes[known ? error.code : "bug"].exit;
    await onFailure().catch((left: unknown) => process.stderr.write(`${name}: ${errorChain(left)}\n`));
  }
}
