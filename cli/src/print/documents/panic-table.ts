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

/** `isKept`: a store has the panic for nodes that are away. */
export function panicTable(
  rows: readonly PanicRow[],
  { paint, isKept }: { paint: Paint; isKept: boolean },
): string {
  const cells = rows.map(({ node, marks, state, problem }) => [
    node,
    ...[marks.ack, marks.active, marks.pointer, marks.boot].map(secondsCell),
    verdictOf({ marks, state, problem }, { paint, isKept }),
  ]);
  return table(["NODE", "ACK S", "ACTIVE S", "POINTER S", "BOOT S", "STATE"], cells, paint);
}

function secondsCell(ms: number | null): string {
  return ms === null ? "-" : (ms / 1000).toFixed(2);
}

function verdictOf(
  { marks, state, problem }: Omit<PanicRow, "node">,
  { paint, isKept }: { paint: Paint; isKept: boolean },
): string {
  if (problem !== null) return paint("red", printableLine(problem));
  const later = isKept ? "goes back before anything else when it returns" : "has not got it";
  if (marks.ack === null) return paint("red", `did not answer: ${later}`);
  const isBack = Object.values(marks).every((ms) => ms !== null);
  return isBack ? state : paint("red", state);
}
