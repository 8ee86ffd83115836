/** PURE. What each node answered to an order. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface AnswerRow {
  node: string;
  kind: "accepted" | "refused" | "unproven" | "silent" | "waiting";
  detail: string;
}

const styles = {
  accepted: "green",
  refused: "red",
  unproven: "red",
  silent: "yellow",
  waiting: "yellow",
} as const;

export function orderAnswerTable(rows: readonly AnswerRow[], paint: Paint): string {
  const cells = rows.map(({ node, kind, detail }) => [
    node,
    paint(styles[kind], kind),
    printableLine(detail),
  ]);
  return table(["NODE", "ANSWER", ""], cells, paint);
}
