/** PURE. Entries of the audit log as a table: what was done and what came of it on one line, refusals between. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { short, shownTime } from "../timeline/entry.ts";

export interface AuditRow {
  index: number;
  at: string;
  who: string;
  from: string;
  what: string;
  /** "done", an error's code, "not known" */
  outcome: string;
  isBad: boolean;
}

const longestWhat = 120;

export function auditTable(rows: readonly AuditRow[], paint: Paint): string {
  const cells = rows.map(({ index, at, who, from, what, outcome, isBad }) => [
    String(index),
    shownTime(at),
    short(who, 60),
    printableLine(from) === "" ? "-" : printableLine(from),
    short(what, longestWhat),
    isBad ? paint("red", printableLine(outcome)) : printableLine(outcome),
  ]);
  return table(["ENTRY", "WHEN (UTC)", "WHO", "FROM", "WHAT", "OUTCOME"], cells, paint);
}
