/** SHELL. `chimera receipt save|verify`: what nodes signed about a head or panic, kept, and checked without anybody's help. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { FleetId } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { Command } from "commander";
import { z } from "zod";
import { currentContext } from "../../context/current-context.ts";
import { createReader } from "../../documents/fleet-reader.ts";
import { readBoundedFile } from "../../documents/read-bounded.ts";
import { walkFleetKeys } from "../../fleet/key-chain.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { receiptTable, type ReceiptRow } from "../../print/documents/receipt-table.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { gatherReceipts } from "../../receipt/gather-receipts.ts";
import { ReceiptsFile } from "../../receipt/receipts-file.ts";
import { verifyReceipts, type ReceiptVerdict } from "../../receipt/verify-receipts.ts";
import { replaceFile } from "../../replace-file.ts";

const SaveOptions = FleetOptions.extend({ out: z.string().max(4096).optional() });
type SaveOptions = z.infer<typeof SaveOptions>;
const VerifyOptions = FleetOptions.extend({ fleet: FleetId.optional() });
type VerifyOptions = z.infer<typeof VerifyOptions>;
const Serial = z.coerce.number("a serial").int("a serial").positive("a serial").optional();

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples([
      "chimera receipt save --out receipts.json",
      "chimera receipt verify receipts.json --fleet $FLEET",
    ]),
  );
  addFleetOptions(command.command("save"))
    .description("Save the nodes' newest receipts of a head or panic with all that proves them.")
    .argument("[serial]", "only receipts of this head or its panic (default: each node's newest)")
    .option("--out <file>", "where to (default: receipts-<first digits of the fleet>.json)")
    .addHelpText("after", examples(["chimera receipt save", "chimera receipt save 7 --out seven.json"]))
    .action(async (serial: unknown, options: unknown) =>
      save(io, parseSerial(serial), parseOptions(SaveOptions, options)),
    );
  addFleetOptions(command.command("verify"))
    .description("Check saved receipts: without network, and with --fleet without any configuration.")
    .argument("<file>", "made by chimera receipt save")
    .option("--fleet <id>", "the fleet's id, instead of the context's")
    .addHelpText("after", examples(["chimera receipt verify receipts.json --fleet $FLEET --json"]))
    .action(async (file: unknown, options: unknown) =>
      verify(io, z.string().max(4096).parse(file), parseOptions(VerifyOptions, options)),
    );
}

function parseSerial(word: unknown): number | undefined {
  const serial = Serial.safeParse(word);
  if (serial.success) return serial.data;
  throw new ChimeraError("usage", `"${String(word)}" is no serial of a head`);
}

async function save(io: Io, serial: number | undefined, options: SaveOptions): Promise<void> {
  const reader = await createReader(io, options.context);
  const { file, missing } = await gatherReceipts(io, reader, serial);
  const verdicts = verifyReceipts(file, reader.chain, reader.fleetId);
  const path = options.out ?? `receipts-${reader.fleetId.slice(0, 12)}.json`;
  for (const { node, reason } of missing) io.err(printableLine(`${node}: not saved: ${reason}`) + "\n");
  if (file.receipts.length === 0) throw new ChimeraError("not-found", "no node has a receipt to save");
  await replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`);
  const failed = verdicts.filter(({ holds }) => !holds).length;
  if (options.json) io.out(`${printableJson({ path, receipts: file.receipts.length, failed, missing })}\n`);
  else io.out(printableLine(`saved ${file.receipts.length} receipts to ${path}`) + "\n");
  requireAll(verdicts);
}

async function verify(io: Io, path: string, options: VerifyOptions): Promise<void> {
  const fleetId = options.fleet ?? (await currentContext(io, options.context)).fleetId;
  const file = await readBoundedFile(resolve(io.cwd, path), ReceiptsFile);
  const verdicts = verifyReceipts(file, walkFleetKeys(file.keySets, fleetId), fleetId);
  const ok = verdicts.length > 0 && verdicts.every(({ holds }) => holds);
  if (options.json) io.out(`${printableJson({ ok, fleetId, receipts: verdicts }, 2)}\n`);
  else
    io.out(
      receiptTable(
        verdicts.map((verdict) => toRow(verdict, file.keySets.length)),
        io.paint,
      ),
    );
  // A check that looked at nothing has shown nothing.
  if (verdicts.length === 0) throw new ChimeraError("input-invalid", `${path} has no receipts`);
  requireAll(verdicts);
}

function requireAll(verdicts: readonly ReceiptVerdict[]): void {
  const failed = verdicts.flatMap((verdict) => (verdict.holds ? [] : [verdict]));
  const [first] = failed;
  if (first === undefined) return;
  throw new ChimeraError(
    "signature-invalid",
    `${failed.length} of ${verdicts.length} receipts do not hold: ${first.node ?? "one without a node"}: ${first.reason}`,
  );
}

const noTimes = { ack: "", active: null, pointer: null, boot: null };

function toRow(verdict: ReceiptVerdict, newestKeySet: number): ReceiptRow {
  if (!verdict.holds) {
    const { node, reason } = verdict;
    const claimed = node === null ? "?" : `${node}?`;
    return {
      node: claimed,
      document: "-",
      state: "-",
      current: null,
      times: noTimes,
      verdict: reason,
      holds: false,
    };
  }
  const { node, document, state, current, times } = verdict.receipt;
  const old = document.keySet === newestKeySet ? "" : ` (by key set ${document.keySet} of ${newestKeySet})`;
  const name = `${document.kind} ${showPlace({ ...document.place, rank: 0 })}`;
  return { node, document: name, state, current, times, verdict: `holds${old}`, holds: true };
}
