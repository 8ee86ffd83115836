/** PURE. Heads, newest first, and what became of them as far as nodes still say. */
import type { NodeView, StoredHead } from "@chimera/proto/api";
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { Paint } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";

export interface HistoryRow {
  serial: number;
  id: Digest;
  createdAt: string;
  author: string;
  mode: string;
  world: string;
  reason: string;
  /** By keys of the fleet, as checked here. */
  signed: boolean;
  /** Nodes whose newest accepted head this is, by state word. */
  nodes: Record<string, string[]>;
}

export function historyRows(
  heads: readonly StoredHead[],
  nodes: readonly NodeView[],
  isSigned: (head: StoredHead, index: number) => boolean,
): HistoryRow[] {
  return heads.map((stored, index) => {
    const { head, id } = stored;
    const here = nodes.filter(({ status }) => status?.accepted?.id === id);
    const byState = Map.groupBy(here, ({ status }) => status?.state ?? "idle");
    const names = [...byState].map(([state, views]): [string, string[]] => [
      state,
      views.map(({ node }) => node),
    ]);
    return {
      serial: head.serial,
      id,
      createdAt: head.createdAt,
      author: head.author,
      mode: head.mode,
      world: head.world,
      reason: head.reason,
      signed: isSigned(stored, index),
      nodes: Object.fromEntries(names),
    };
  });
}

export function historyTable(rows: readonly HistoryRow[], paint: Paint): string {
  const cells = rows.map((row) => [
    String(row.serial),
    row.createdAt.slice(0, 19).replace("T", " "),
    printableLine(row.author),
    row.mode,
    shortDigest(row.world),
    resultCell(row, paint),
    printableLine(row.reason),
  ]);
  return table(["SERIAL", "WHEN (UTC)", "WHO", "MODE", "WORLD", "NODES NOW", "REASON"], cells, paint);
}

function resultCell({ nodes, signed }: HistoryRow, paint: Paint): string {
  if (!signed) return paint("red", "BAD SIGNATURE");
  return (
    Object.entries(nodes)
      .map(([state, names]) => `${names.length} ${state}`)
      .join(", ") || "-"
  );
}
