/** SHELL. What Commander hands to a command with a node and a path: both, its own options, and the command. */
import { ChimeraError } from "@chimera/proto/errors";
import { Command } from "commander";
import { z } from "zod";
import { allOptions } from "../../parse-options.ts";

const Word = z.string().max(8192).optional();

/** With the options of the commands above it, such as --json. */
export const Called = z
  .tuple([Word, Word, z.unknown(), z.instanceof(Command)])
  .transform(([node, path, _options, command]) => ({
    node,
    path,
    options: allOptions(command),
  }));

export interface WholeCall {
  node: string;
  path: string;
  options: object;
}

/** Where Commander has made sure of both. */
export function whole(given: readonly unknown[]): WholeCall {
  const { node, path, options } = Called.parse(given);
  if (node === undefined || path === undefined) throw new ChimeraError("usage", "name a node and a path");
  return { node, path, options };
}
