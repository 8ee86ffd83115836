/** SHELL. `chimera attach [NODE/]SESSION`: brings a run of this machine, or a session of a node, to this terminal. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { attachRun } from "../../run-session/runs/attach-run.ts";
import type { Run } from "../../run-session/runs/run-store.ts";
import { whateverIsMeant } from "../../sessions/address.ts";
import { attachSession } from "../../sessions/attach/attach-session.ts";
import { chooseSession } from "../../sessions/choose-session.ts";

const Options = z.object({ context: z.string().optional(), raw: z.boolean().default(false) });
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Bring a session to this terminal: a run of this machine, or what runs on a node of the fleet, which is only watched. Ends with its exit code; Ctrl-B d leaves it, and it runs on.",
    )
    .argument("[session]", 'its name, NODE/SESSION, or "rollout" (default: offers what there is)')
    .option("-c, --context <name>", "fleet to look in (default: the current context)")
    .option("--raw", "a node's session: every byte as it is, also to a terminal, which may act on it")
    .addHelpText(
      "after",
      examples([
        "chimera attach",
        "chimera attach backup                # a run of this machine",
        "chimera attach web-1/deploy-7        # what that node does",
        "chimera attach rollout               # the rollout that runs, wherever its lead is",
        "chimera attach rollout > rollout.log # in a pipe: byte by byte, to its end",
      ]),
    )
    .action(async (session: unknown, options: unknown) =>
      attach(io, z.string().optional().parse(session), parseOptions(Options, options)),
    );
}

async function attach(io: Io, typed: string | undefined, { context, raw }: Options): Promise<void> {
  const text = typed ?? (await chooseSession(io, context));
  io.result.code = await whateverIsMeant(
    io,
    { text, context },
    {
      run: (run) => attachOwn(io, run),
      session: (road, found) => attachSession(io, { road, found, isRaw: raw }),
    },
  );
}

async function attachOwn(io: Io, run: Run): Promise<number> {
  if (io.env["CHIMERA_RUN_NAME"] === run.id) {
    throw new ChimeraError("usage", `this terminal is inside of ${run.record.name} already`);
  }
  return attachRun(io, run);
}
