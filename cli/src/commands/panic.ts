/** SHELL. `chimera panic`: the whole fleet back to the world before the newest head, at once. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { createReader, type FleetReader } from "../documents/fleet-reader.ts";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { checkMemory, rememberPanic } from "../fleet/fleet-memory.ts";
import { newestOf, verifyNewest } from "../fleet/newest-document.ts";
import type { VerifiedHead } from "../fleet/verify-documents.ts";
import type { Io } from "../io.ts";
import { addFleetOptions, examples, FleetOptions, parseOptions } from "../options.ts";
import { findPanic, type FoundPanic } from "../panic/find-panic.ts";
import { isBack, type PanicNode } from "../panic/panic-progress.ts";
import { watchPanic } from "../panic/watch-panic.ts";
import { panicTable } from "../print/documents/panic-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { gatherReceipts } from "../receipt/gather-receipts.ts";
import { replaceFile } from "../replace-file.ts";

const Options = FleetOptions.extend({
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  follow: z.boolean(),
  reason: z.string().max(1024, "at most 1024 characters").default(""),
  out: z.string().max(4096).optional(),
  timeout: z.coerce
    .number("a number of seconds")
    .positive("more than 0 seconds")
    .max(86_400, "at most a day"),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "Undo the newest head everywhere, now: no waves, no probation, no questions to the nodes. Needs no key where the panic was prepared when the head was published.",
    )
    .option("-y, --yes", "do not ask")
    .option("--reason <text>", "why, kept in the panic where it is signed now", "")
    .option("--no-follow", "return as soon as it is stored")
    .option("--timeout <seconds>", "how long to watch the nodes", "120")
    .option("--out <file>", "where the nodes' receipts go (default: panic-<serial>.receipts.json)")
    .option("--dry-run", "show what would be undone, and by which document; send nothing")
    .addHelpText("after", examples(["chimera panic", "chimera panic --yes", "chimera panic --dry-run"]))
    .action(async (options: unknown) => panic(io, parseOptions(Options, options)));
}

async function panic(io: Io, options: Options): Promise<void> {
  const reader = await createReader(io, options.context);
  const head = await newestHead(reader);
  const found = await findPanic(io, reader, { id: head.id, head: head.head, reason: options.reason });
  announce(io, { head, found }, options);
  if (options.dryRun) return;
  await confirm(io, head, options);
  const releasedMs = performance.now();
  const { id } = await reader.api.putPanic(found.envelope);
  await rememberPanic(io, reader.fleetId, found.envelope);
  if (!options.follow) {
    if (options.json) io.out(`${printableJson({ type: "released", panic: id, serial: head.head.serial })}\n`);
    else io.out(`released: head ${head.head.serial} is undone\n`);
    return;
  }
  const leaves = await verifiedWorld(reader.api, head.head.world);
  const watch = { panic: id, leaves, releasedMs, timeoutSeconds: options.timeout, json: options.json };
  const nodes = await watchPanic(io, reader, watch);
  await finish(io, { reader, head, id, nodes }, options);
}

/** Also one that a panic undid already: releasing it again changes nothing, and shows how far the nodes are. */
async function newestHead(reader: FleetReader): Promise<VerifiedHead> {
  const newest = verifyNewest(await reader.api.fleet(), reader.trust);
  checkMemory(reader.seen, newestOf(newest));
  if (newest.head !== null) return newest.head;
  throw new ChimeraError("world-unknown", "the fleet has no head yet: there is nothing to undo");
}

function announce(
  io: Io,
  { head, found }: { head: VerifiedHead; found: FoundPanic },
  { json, dryRun }: Options,
): void {
  const { serial, size, author, reason } = head.head;
  const from = {
    controller: "prepared, from the controller",
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

interface Outcome {
  reader: FleetReader;
  head: VerifiedHead;
  id: Digest;
  nodes: PanicNode[];
}

async function finish(io: Io, { reader, head, id, nodes }: Outcome, options: Options): Promise<void> {
  const { serial } = head.head;
  const path = options.out ?? `panic-${serial}.receipts.json`;
  const { file } = await gatherReceipts(io, reader, serial);
  await replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`);
  if (options.json)
    io.out(`${printableJson({ type: "result", panic: id, serial, nodes, receipts: path })}\n`);
  else
    io.out(
      `${panicTable(nodes, io.paint)}receipts: ${printableLine(path)} (chimera receipt verify checks them)\n`,
    );
  const failed = nodes.filter(({ problem }) => problem !== null);
  const [first] = failed;
  if (first !== undefined) {
    throw new ChimeraError(
      "rollout-failed",
      `${failed.length} of ${nodes.length} nodes need a person: ${first.node}: ${printableLine(first.problem ?? "")}`,
    );
  }
  const open = nodes.filter((node) => !isBack(node));
  if (open.length > 0) {
    const names = open
      .slice(0, 10)
      .map(({ node }) => node)
      .join(", ");
    throw new ChimeraError(
      "deadline-exceeded",
      `${open.length} of ${nodes.length} nodes are not back after ${options.timeout} s: ${names}; they go on, and those that are away begin with it when they return`,
    );
  }
}
