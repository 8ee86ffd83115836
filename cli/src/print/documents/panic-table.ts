/** PURE. A panic, node by node: seconds from its release to each mark, as they were seen here. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface PanicRow {
  node: string;
  marks: Record<"ack" | "active" | "pointer" | "boot", number | null>;
  state: string;
  problem: string | null;
}

export function panicTable(rows: readonly PanicRow[], paint: Paint): string {
  const cells = rows.map(({ node, marks, state, problem }) => [
    node,
    ...[marks.ack, marks.active, marks.pointer, marks.boot].map(secondsCell),
    verdictOf({ marks, state, problem }, paint),
  ]);
  return table(["NODE", "ACK S", "ACTIVE S", "POINTER S", "BOOT S", "STATE"], cells, paint);
}

function secondsCell(ms: number | null): string {
  return ms === null ? "-" : (ms / 1000).toFixed(2);
}

function verdictOf({ marks, state, problem }: Omit<PanicRow, "node">, paint: Paint): string {
  if (problem !== null) return paint("red", printableLine(problem));
  if (marks.ack === null)
    return paint("red", "did not answer: goes back before anything else when it returns");
  const isBack = Object.values(marks).every((ms) => ms !== null);
  return isBack ? state : paint("red", state);
}
