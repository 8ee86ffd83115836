/** SHELL. `chimera world show|diff|verify`. */
import type { Command } from "commander";
import { z } from "zod";
import { createReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { addFleetOptions, examples, FleetOptions, parseOptions } from "../options.ts";
import { worldChangesTable } from "../print/documents/world-changes-table.ts";
import { worldTable } from "../print/documents/world-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { headText, readWorld } from "../world/read-world.ts";
import { saveWorld } from "../world/save-world.ts";
import { worldChanges } from "../world/world-changes.ts";
import { VerifyOptions, verifyWorld } from "../world/verify-command.ts";

const ShowOptions = FleetOptions.extend({ save: z.string().max(4096).optional() });
type ShowOptions = z.infer<typeof ShowOptions>;

const Word = z.string().max(64).optional();
const what = "serial of a head, first digits of a world, or current (default: the effective world)";

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
    .description("Show what lies between two worlds, node by node.")
    .argument("<from>", what)
    .argument("[to]", what)
    .addHelpText("after", examples(["chimera world diff 7", "chimera world diff 6 7 --json"]))
    .action(async (from: unknown, to: unknown, options: unknown) =>
      diff(io, [z.string().max(64).parse(from), Word.parse(to)], parseOptions(FleetOptions, options)),
    );
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

async function diff(io: Io, words: [string, string | undefined], options: FleetOptions): Promise<void> {
  const reader = await createReader(io, options.context);
  const [from, to] = await Promise.all(words.map((word) => readWorld(io, reader, word)));
  if (from === undefined || to === undefined) return;
  const { changes, same } = worldChanges(from.leaves, to.leaves);
  if (options.json) {
    io.out(`${printableJson({ from: from.id, to: to.id, same, changes }, 2)}\n`);
    return;
  }
  io.out(`${printableLine(`${headText(from)} -> ${headText(to)}`)}\n\n`);
  io.out(worldChangesTable(changes, same, io.paint));
}
