/** PURE. Verified receipts: which node said what of which document, and when. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { shortPath } from "../units.ts";

export interface ReceiptRow {
  node: string;
  /** "head 0.17" */
  document: string;
  state: string;
  current: string | null;
  times: { ack: string; active: string | null; pointer: string | null; boot: string | null };
  /** "holds", or what does not. */
  verdict: string;
  holds: boolean;
}

export function receiptTable(rows: readonly ReceiptRow[], paint: Paint): string {
  const cells = rows.map(({ node, document, state, current, times, verdict, holds }) => [
    printableLine(node),
    document,
    state,
    shortPath(current),
    ...[times.ack, times.active, times.pointer, times.boot].map(timeCell),
    holds ? paint("green", verdict) : paint("red", printableLine(verdict)),
  ]);
  const head = ["NODE", "DOCUMENT", "STATE", "RUNS", "ACK (UTC)", "ACTIVE", "POINTER", "BOOT", "VERDICT"];
  return table(head, cells, paint);
}

function timeCell(time: string | null): string {
  return time === null || time === "" ? "-" : time.slice(0, 23).replace("T", " ").replace("Z", "");
}
