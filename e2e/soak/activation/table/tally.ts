// PURE. How often, how it ended, how long it took: what every table of the ledger says of some of its lines.
import { spread } from "../../../bench/figures.ts";
import type { LedgerLine } from "../ledger-line.ts";

type Lines = readonly LedgerLine[];

/** "12", or "12, 1 failed"; a cell without trials is a dash, so that it is seen. */
export function countText(lines: Lines): string {
  const failed = lines.filter(({ ok }) => !ok).length;
  if (lines.length === 0) return "-";
  return failed === 0 ? `${lines.length}` : `${lines.length}, **${failed} failed**`;
}

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
  const counted = ends.map((end) => [end, lines.filter((line) => endWord(line) === end).length] as const);
  return counted.flatMap(([end, count]) => (count === 0 ? [] : [`${end} ${count}`])).join(", ");
}

function endWord(line: LedgerLine): LedgerLine["end"] | "unknown" {
  return isUnknown(line) ? "unknown" : line.end;
}

/** p50 and the longest, in seconds. */
export function timeText(lines: Lines): string {
  if (lines.length === 0) return "-";
  const { p50, max } = spread(lines.map(({ ms }) => ms));
  return `${seconds(p50)} / ${seconds(max)}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** A restart, a repair by hand or a newer order is needed. */
export function personText(lines: Lines): string {
  const halted = lines.filter(({ end }) => end === "halted").length;
  if (lines.length === 0) return "-";
  return halted === 0 ? "no" : `yes, in ${halted} of ${lines.length}`;
}
