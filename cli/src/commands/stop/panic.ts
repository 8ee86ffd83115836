/** SHELL. `chimera panic`: the whole fleet back to the world before the newest head, at once. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import { Option, type Command } from "commander";
import { z } from "zod";
import { orWarn } from "../../fleet/or-warn.ts";
import { rememberPanic } from "../../fleet/fleet-memory.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { findPanic, type FoundPanic } from "../../panic/find-panic.ts";
import { createLiveBlock, type LiveBlock } from "../../panic/live-block.ts";
import { createRoads, type PanicRoads } from "../../panic/roads/panic-roads.ts";
import type { Released } from "../../panic/roads/panic-road.ts";
import { reportPanic, requireStored } from "../../panic/report-panic.ts";
import { watchPanic } from "../../panic/watch-panic.ts";
import { addSshOptions, requireOver, SshOptions } from "../../ssh/ssh-options.ts";
import { printableJson, printableLine } from "../../print/printable.ts";

const Options = FleetOptions.extend({
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  follow: z.boolean(),
  reason: z.string().max(1024, "at most 1024 characters").default(""),
  over: z.enum(["controller", "nats", "ssh"]).optional(),
  sshTarget: SshOptions.shape.sshTarget,
  world: SshOptions.shape.world,
  file: z.string().optional(),
  out: z.string().max(4096).optional(),
  timeout: z.coerce
    .number("a number of seconds")
    .positive("more than 0 seconds")
    .max(86_400, "at most a day"),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addSshOptions(addFleetOptions(command))
    .option("--file <path>", "project file, whose [ssh] says how nodes are reached (default: chimera.toml)")
    .description(
      "Undo the newest head everywhere, now: no waves, no probation, no questions to the nodes. Needs no key where the panic was prepared when the head was published.",
    )
    .option("-y, --yes", "do not ask")
    .option("--reason <text>", "why, kept in the panic where it is signed now", "")
    .addOption(
      new Option(
        "--over <way>",
        "by which way (default: the controller, and straight to NATS where that does not answer)",
      ).choices(["controller", "nats", "ssh"]),
    )
    .option("--no-follow", "return as soon as it is stored")
    .option("--timeout <seconds>", "how long to watch the nodes", "120")
    .option("--out <file>", "where the nodes' receipts go (default: panic-<serial>.receipts.json)")
    .option("--dry-run", "show what would be undone, and by which document; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera panic",
        "chimera panic --yes",
        "chimera panic --dry-run",
        "chimera panic --over nats         # the controller is dead, and you know it",
        "chimera panic --over ssh          # NATS is dead too: docs/over-ssh.md",
      ]),
    )
    .action(async (options: unknown) => panic(io, parseOptions(Options, options)));
}

async function panic(io: Io, options: Options): Promise<void> {
  requireOver(options);
  const block = createLiveBlock(io);
  const roads = createRoads(block.io, options);
  try {
    await undo(block, roads, options);
  } finally {
    await roads.close();
  }
}

async function undo(block: LiveBlock, roads: PanicRoads, options: Options): Promise<void> {
  const { io } = block;
  const first = await roads.open();
  const { head, fleetId } = first;
  const found = await findPanic(io, first, options.reason);
  announce(io, { head, found }, options);
  if (options.dryRun) return;
  await confirm(io, head, options);
  const releasedMs = performance.now();
  const { road, panic: released } = await roads.release(first, found.envelope);
  if (!options.follow) await released.tried?.();
  tellReleased(io, { head, released }, options);
  await orWarn(io, "this machine will not remember the panic", () =>
    rememberPanic(io, fleetId, found.envelope),
  );
  if (!options.follow) return requireStored(road, released);
  const leaves = await road.leaves();
  const { json, timeout: timeoutSeconds } = options;
  const seen = io.errTty && !json ? block : null;
  const watch = { panic: released, leaves, releasedMs, timeoutSeconds, json, block: seen };
  const nodes = await watchPanic(io, { road, next: (from) => roads.next(from, leaves) }, watch);
  await reportPanic(io, { road, released, leaves, nodes }, options);
}

/** Merely sent is not released: whoever is away does not hear of it. */
function tellReleased(
  io: Io,
  { head: { head }, released }: { head: VerifiedHead; released: Released },
  { follow, json }: Options,
): void {
  const { serial } = head;
  const isStored = released.isStored();
  const text = isStored
    ? `released: head ${serial} is undone\n`
    : `sent: head ${serial} is undone where it was heard; nobody keeps the panic yet for nodes that are away\n`;
  if (follow) io.err(text);
  else if (!json) io.out(text);
  else io.out(`${printableJson({ type: isStored ? "released" : "sent", panic: released.id, serial })}\n`);
}

function announce(
  io: Io,
  { head, found }: { head: VerifiedHead; found: FoundPanic },
  { json, dryRun }: Options,
): void {
  const { serial, size, author, reason } = head.head;
  const from = {
    controller: "prepared, from the controller",
    nats: "prepared, from NATS",
    ssh: "one that was released before",
    copy: "prepared, from this machine's copy",
    key: "signed now",
  }[found.from];
  if (json && dryRun) {
    io.out(
      `${printableJson({ type: "plan", serial, nodes: size, world: found.panic.world, from: found.from })}\n`,
    );
    return;
  }
  const why = reason === "" ? "" : ` (${printableLine(reason)})`;
  io.err(
    `undoes head ${serial} by ${printableLine(author)}${why} on ${size} nodes: back to world ${shortDigest(found.panic.world)}; the panic is ${from}\n`,
  );
  if (dryRun) io.out("nothing was sent (--dry-run)\n");
}

/** Throws usage where nobody could answer, and held for any other word. */
async function confirm(io: Io, { head: { serial } }: VerifiedHead, { yes }: Options): Promise<void> {
  if (yes) return;
  if (!io.inTty) throw new ChimeraError("usage", "nobody is there to answer: --yes");
  const word = await io.ask(`Type ${serial} to undo head ${serial}: `);
  if (word.trim() !== `${serial}`) throw new ChimeraError("held", "nothing was sent");
}
