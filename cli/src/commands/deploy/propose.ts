/** SHELL. `chimera propose node=path…`: as publish, but only proposed: whoever signs last publishes it. */
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples } from "../../parse-options.ts";
import { addPublishOptions, publish } from "./publish.ts";

export function define(command: Command, io: Io): void {
  addPublishOptions(command)
    .description("Push systems of the local store to the cache and propose a head with them: others sign it.")
    .addHelpText(
      "after",
      examples([
        "chimera propose n1=/nix/store/…-nixos-system-n1",
        "chimera propose n1=$A n2=$B --reason 'kernel' --no-follow --json",
      ]),
    )
    .action(async (assignments: unknown, options: unknown) =>
      publish(io, z.array(z.string()).parse(assignments), {
        ...z.looseObject({}).parse(options),
        propose: true,
      }),
    );
}
