/** SHELL. `chimera context list|use|show`. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import { contextFilePath, readContexts, writeContexts } from "../../context/context-file.ts";
import { currentContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { printableJson } from "../../print/printable.ts";
import { table } from "../../print/table.ts";

const Options = z.object({ json: z.boolean().default(false) });

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples(["chimera context list", "chimera context use prod", "chimera context show"]),
  );
  command
    .command("list")
    .description("List the contexts of the configuration.")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera context list --json"]))
    .action(async (options: unknown) => list(io, parseOptions(Options, options).json));
  command
    .command("use")
    .description("Make a context the current one.")
    .argument("<name>", "its name")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera context use prod"]))
    .action(async (name: string, options: unknown) => use(io, name, parseOptions(Options, options).json));
  addFleetOptions(command.command("show"))
    .description("Show a context: addresses and file names, never secrets.")
    .addHelpText("after", examples(["chimera context show", "chimera context show -c prod --json"]))
    .action(async (options: unknown) => show(io, parseOptions(FleetOptions, options)));
}

async function list(io: Io, json: boolean): Promise<void> {
  const { current, contexts } = await readContexts(io);
  if (json) {
    io.out(`${printableJson({ file: contextFilePath(io), current: current ?? null, contexts }, 2)}\n`);
    return;
  }
  const rows = Object.entries(contexts).map(([name, context]) => [
    name === current ? "*" : "",
    name,
    context.controller,
    context.fleetId.slice(0, 12),
  ]);
  io.out(table(["", "NAME", "CONTROLLER", "FLEET"], rows, io.paint));
}

async function use(io: Io, name: string, json: boolean): Promise<void> {
  const { contexts } = await readContexts(io);
  if (!Object.hasOwn(contexts, name)) {
    throw new ChimeraError("config-invalid", `${contextFilePath(io)} has no context "${name}"`);
  }
  await writeContexts(io, { current: name, contexts });
  io.out(json ? `${printableJson({ current: name })}\n` : `context "${name}" is the current one\n`);
}

async function show(io: Io, { context, json }: FleetOptions): Promise<void> {
  const found = await currentContext(io, context);
  if (json) {
    io.out(`${printableJson(found, 2)}\n`);
    return;
  }
  for (const [key, value] of Object.entries(found)) {
    io.out(`${key} = ${typeof value === "string" ? value : JSON.stringify(value)}\n`);
  }
}
