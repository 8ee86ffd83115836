/** SHELL. `chimera world show|diff|verify`. */
import type { Command } from "commander";
import { z } from "zod";
import { showDiff } from "../../diff/show-diff.ts";
import { createReader } from "../../documents/fleet-reader.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { worldTable } from "../../print/documents/world-table.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { headText, readWorld } from "../../world/read-world.ts";
import { saveWorld } from "../../world/save-world.ts";
import { VerifyOptions, verifyWorld } from "../../world/verify-command.ts";

const ShowOptions = FleetOptions.extend({ save: z.string().max(4096).optional() });
type ShowOptions = z.infer<typeof ShowOptions>;

const Word = z.string().max(64).optional();
const what = "serial of a head, first digits of a world, a time, or current (default: the effective world)";
/** `chimera diff` has the packages. */
const whole = { context: undefined, nodes: [], packages: false };

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples(["chimera world show", "chimera world diff 7 current", "chimera world verify --closures"]),
  );
  addFleetOptions(command.command("show"))
    .description("Show what each node shall run in a world.")
    .argument("[world]", what)
    .option("--save <file>", "write the world with all that proves it, for world verify --file")
    .addHelpText("after", examples(["chimera world show", "chimera world show 7 --save world.json"]))
    .action(async (word: unknown, options: unknown) =>
      show(io, Word.parse(word), parseOptions(ShowOptions, options)),
    );
  addFleetOptions(command.command("diff"))
    .description("Show what lies between two worlds, node by node (chimera diff: package by package).")
    .argument("<from>", what)
    .argument("[to]", what)
    .addHelpText("after", examples(["chimera world diff 7", "chimera world diff 6 7 --json"]))
    .action(async (from: unknown, to: unknown, options: unknown) => {
      const words = [z.string().max(64).parse(from), Word.parse(to)] as const;
      await showDiff(io, words, { ...whole, ...parseOptions(FleetOptions, options) });
    });
  defineVerify(addFleetOptions(command.command("verify")), io);
}

function defineVerify(command: Command, io: Io): void {
  command
    .description("Check a world: form, order, fleet, root, signed head and size.")
    .argument("[world]", what)
    .option(
      "--file <file>",
      "check a saved world instead; needs no network, nor with --fleet any configuration",
    )
    .option("--fleet <id>", "the fleet's id, instead of the context's")
    .option("--node <name>", "only this node's leaf, by its proof")
    .option("--closures", "recompute every closure list up to the root in the leaf")
    .addHelpText(
      "after",
      examples([
        "chimera world verify --closures",
        "chimera world verify --node web-1",
        "chimera world verify --file world.json --fleet $FLEET",
      ]),
    )
    .action(async (word: unknown, options: unknown) =>
      verifyWorld(io, Word.parse(word), parseOptions(VerifyOptions, options)),
    );
}

async function show(io: Io, word: string | undefined, options: ShowOptions): Promise<void> {
  const reader = await createReader(io, options.context);
  const world = await readWorld(io, reader, word);
  if (options.save !== undefined) await saveWorld(io, { reader, world, path: options.save });
  const { id, head, leaves, why } = world;
  if (options.json) {
    const by =
      head === null ? null : { id: head.id, signedBy: head.signedBy, keySet: head.keySet, ...head.head };
    io.out(`${printableJson({ id, size: leaves.length, head: by, leaves }, 2)}\n`);
    return;
  }
  const also = why === "" ? "" : `; ${why}`;
  io.out(`${printableLine(`${headText(world)}${also}`)}\n\n${worldTable(leaves, io.paint)}`);
}
