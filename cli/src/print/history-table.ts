/** PURE. Heads and panics, newest first, with what became of each; and one of them node by node. */
import { shortDigest } from "@chimera/proto/names";
import type { Paint, Style } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";
import { short, shownTime } from "./timeline/entry.ts";

export interface ResultCounts {
  committed: number;
  reverted: number;
  failed: number;
  /** Taken, and not at an end that is known. */
  open: number;
  /** Nothing is known of them. */
  silent: number;
  /** As many of all these are signed by the nodes. */
  signed: number;
}

export interface RolloutCell {
  phase: string;
  reason: string;
  /** Empty unless nodes tell different stories, of which none is known to be true. */
  disputed: readonly { node: string; phase: string }[];
}

export interface HistoryRow {
  /** "7", and "7+panic" for the panic that undid head 7. */
  serial: string;
  /** ISO. Of a head as its author signed it, of a panic as it was stored. */
  at: string;
  author: string;
  mode: "deploy" | "rollback" | "panic";
  world: string;
  reason: string;
  /** By keys of the fleet, as checked here. */
  signed: boolean;
  rollout: RolloutCell | null;
  /** Null where its nodes are not known. */
  results: ResultCounts | null;
  /** Events of then are kept no more: what is not counted may have been. */
  isOld: boolean;
}

export function historyTable(rows: readonly HistoryRow[], paint: Paint): string {
  const cells = rows.map((row) => [
    row.serial,
    shownTime(row.at),
    printableLine(row.author),
    row.mode === "panic" ? paint("red", row.mode) : row.mode,
    shortDigest(row.world),
    row.rollout === null
      ? "-"
      : row.rollout.disputed.length > 0
        ? paint("red", "disputed")
        : row.rollout.phase,
    resultCell(row, paint),
    printableLine(row.reason),
  ]);
  return table(["SERIAL", "WHEN (UTC)", "WHO", "MODE", "WORLD", "ROLLOUT", "RESULT", "REASON"], cells, paint);
}

/** As many stories are told of one rollout: everybody can tell one. */
const mostStories = 8;

/** The line below the head's own row. */
export function rolloutLine({ phase, reason, disputed }: RolloutCell): string {
  if (disputed.length === 0) return printableLine(`the rollout's lead said last: ${phase}: ${reason}`);
  const told = disputed.slice(0, mostStories).map((one) => `${one.node} says ${one.phase}`);
  const rest = disputed.length > told.length ? `, and ${disputed.length - told.length} more` : "";
  return printableLine(
    `nodes that say they led its rollout disagree, and the store keeps nothing of it: ${told.join(", ")}${rest}`,
  );
}

function resultCell({ signed, results, isOld }: HistoryRow, paint: Paint): string {
  if (!signed) return paint("red", "BAD SIGNATURE");
  if (results === null) return "its world is not kept";
  const { committed, reverted, failed, open, silent } = results;
  const parts: [number, string, Style | undefined][] = [
    [committed, "committed", undefined],
    [reverted, "reverted", "yellow"],
    [failed, "failed", "red"],
    [open, "open", "yellow"],
    [silent, isOld ? "not kept" : "never answered", isOld ? undefined : "yellow"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word, style]) =>
      style === undefined ? `${count} ${word}` : paint(style, `${count} ${word}`),
    )
    .join(", ");
}

export interface NodeRow {
  node: string;
  outcome: "committed" | "reverted" | "failed" | "open" | "silent";
  state: string | null;
  at: string | null;
  signed: boolean;
  reason: string;
}

const styles: Record<NodeRow["outcome"], Style> = {
  committed: "green",
  reverted: "yellow",
  failed: "red",
  open: "yellow",
  silent: "yellow",
};

/** As long as it says something on one line. */
const longestReason = 200;

export function nodeResultTable(rows: readonly NodeRow[], paint: Paint): string {
  const cells = rows.map(({ node, outcome, state, at, signed, reason }) => [
    node,
    paint(styles[outcome], outcome === "silent" ? "never answered" : outcome),
    state ?? "-",
    at === null ? "-" : shownTime(at),
    outcome === "silent" ? "-" : signed ? "signed" : "reported",
    short(reason, longestReason),
  ]);
  return table(["NODE", "RESULT", "STATE", "WHEN (UTC)", "PROOF", "WHY"], cells, paint);
}
