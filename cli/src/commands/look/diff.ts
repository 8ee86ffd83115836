/** SHELL. `chimera diff`. */
import { NodeName } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { showDiff } from "../../diff/show-diff.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";

const Options = FleetOptions.extend({ node: z.array(NodeName).max(10_000).default([]) });
const Word = z.string().max(256);

const what = "serial, first digits of a world, a time, current, or a system's store path";

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "Show what lies between two worlds: nodes, systems, and the packages of their closures with versions and sizes. Nothing is downloaded but lists, which are checked against the signed leaves.",
    )
    .argument("<from>", what)
    .argument("[to]", `${what} (default: the effective world)`)
    .option("--node <names...>", "only these nodes")
    .addHelpText(
      "after",
      examples([
        "chimera diff 7",
        "chimera diff 6 7 --node web-1",
        "chimera diff '2h ago' current",
        "chimera diff /nix/store/…-nixos-system-a /nix/store/…-nixos-system-b",
        "chimera diff 6 7 --json | jq '.groups[].packages[].name'",
      ]),
    )
    .action(async (from: unknown, to: unknown, options: unknown) => {
      const { context, json, node } = parseOptions(Options, options);
      const words = [Word.parse(from), Word.optional().parse(to)] as const;
      await showDiff(io, words, { context, json, nodes: node, packages: true });
    });
}
