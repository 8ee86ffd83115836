/** SHELL. `chimera attach [NODE/]SESSION`: brings a run of this machine, or a session of a node, to this terminal. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { attachRun } from "../../run-session/runs/attach-run.ts";
import type { Run } from "../../run-session/runs/run-store.ts";
import { whateverIsMeant } from "../../sessions/address.ts";
import { attachSession, type AttachOptions } from "../../sessions/attach/attach-session.ts";
import { chooseSession } from "../../sessions/choose-session.ts";
import { addWhereOptions, whereOf, WhereOptions } from "../../sessions/with-road.ts";

const Options = WhereOptions.extend({
  raw: z.boolean().default(false),
  record: z.string().min(1, "a file").max(4096).optional(),
  keyboard: z.boolean().default(false),
  take: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addWhereOptions(command)
    .description(
      "Bring a session to this terminal: a run of this machine, or what runs on a node of the fleet, which is watched, and with --keyboard typed into. Ends with its exit code; Ctrl-B d leaves it, and it runs on.",
    )
    .argument("[session]", 'its name, NODE/SESSION, or "rollout" (default: offers what there is)')
    .option("--raw", "a node's session: every byte as it is, also to a terminal, which may act on it")
    .option(
      "-k, --keyboard",
      "a node's session: type into it, if nobody else does; by an order that you sign",
    )
    .option("--take", "the same, also where somebody else does")
    .option("--record <file>", "a node's session: write down what is shown, for chimera record play")
    .addHelpText(
      "after",
      examples([
        "chimera attach",
        "chimera attach backup                # a run of this machine",
        "chimera attach web-1/deploy-7        # what that node does",
        "chimera attach -k web-1/exec-3fa98c01b2d4",
        "chimera attach rollout               # the rollout that runs, wherever its lead is",
        "chimera attach --local deploy-7      # root on the node itself, without NATS and controller",
        "chimera attach rollout > rollout.log # in a pipe: byte by byte, to its end",
      ]),
    )
    .action(async (session: unknown, options: unknown) =>
      attach(io, z.string().optional().parse(session), parseOptions(Options, options)),
    );
}

async function attach(io: Io, typed: string | undefined, options: Options): Promise<void> {
  const { context, raw, record, take } = options;
  const where = whereOf(options);
  const keyboard = options.keyboard || take ? { context, takes: take } : undefined;
  if (keyboard !== undefined && where.socket !== undefined)
    throw new ChimeraError(
      "usage",
      "--keyboard: who may type is said by a signed order, from where the keys are",
    );
  const text = typed ?? (await chooseSession(io, where));
  io.result.code = await whateverIsMeant(
    io,
    { text, where },
    {
      isWatched: true,
      run: (run) => attachOwn(io, run, record),
      session: (road, found) => recorded(io, record, { road, found, isRaw: raw, keyboard }),
    },
  );
}

async function recorded(io: Io, file: string | undefined, options: AttachOptions): Promise<number> {
  if (file === undefined) return attachSession(io, options);
  const { node, session, facts } = options.found;
  const { openRecording } = await import("../../sessions/record/record-cast.ts");
  const recording = openRecording(io, resolve(io.cwd, file), { name: `${node}/${session}`, facts });
  try {
    return await attachSession(io, { ...options, record: (one) => recording.take(one) });
  } finally {
    const trouble = recording.end();
    if (trouble !== null) io.err(`chimera: ${printableLine(trouble)}\n`);
  }
}

async function attachOwn(io: Io, run: Run, record: string | undefined): Promise<number> {
  if (record !== undefined) {
    throw new ChimeraError(
      "usage",
      `--record is for sessions of nodes: of ${run.record.name} chimera logs has every byte`,
    );
  }
  if (io.env["CHIMERA_RUN_NAME"] === run.id) {
    throw new ChimeraError("usage", `this terminal is inside of ${run.record.name} already`);
  }
  return attachRun(io, run);
}
