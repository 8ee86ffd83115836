// PURE. How trials of `activation` ended: what the tables of its ledger say of some of its lines.
import { wordsText } from "../../ledger/tally.ts";
import type { LedgerLine } from "../ledger-line.ts";

type Lines = readonly LedgerLine[];

/** A trial that threw an error has no systems: nobody knows how it ended, often because it never began. */
function isUnknown({ systems }: LedgerLine): boolean {
  return systems.to === "";
}

export function halfCount(lines: Lines): number {
  return lines.filter((line) => line.end === "half" && !isUnknown(line)).length;
}

/** "old 3, new 9" */
export function endsText(lines: Lines): string {
  const ends = ["old", "new", "halted", "half", "unknown"] as const;
  return wordsText(ends, lines.map(endWord));
}

function endWord(line: LedgerLine): LedgerLine["end"] | "unknown" {
  return isUnknown(line) ? "unknown" : line.end;
}

/** A restart, a repair by hand or a newer order is needed. */
export function personText(lines: Lines): string {
  const halted = lines.filter(({ end }) => end === "halted").length;
  if (lines.length === 0) return "-";
  return halted === 0 ? "no" : `yes, in ${halted} of ${lines.length}`;
}
