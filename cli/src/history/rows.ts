/** PURE. A history as rows: of each document who, when, why and how many nodes ended how; and of one node by node. */
import type { NodeName } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { HistoryRow, NodeRow, ResultCounts } from "../print/history-table.ts";
import type { RolloutWord } from "../past/rollout-voices.ts";
import type { History, HistoryItem } from "./read-history.ts";

/** With what programs want to know beside that. */
export interface HistoryEntry extends HistoryRow {
  id: string;
  epoch: number;
  storedAt: string;
}

export function historyRows({ items, oldestAt }: Pick<History, "items" | "oldestAt">): HistoryEntry[] {
  return items.map((item) => {
    const { document, rollout } = item;
    const { id, place, storedAt } = document;
    const whole = showPlace(place);
    return {
      ...saidOf(item),
      id,
      epoch: place.epoch,
      serial: whole.slice(whole.indexOf(".") + 1),
      storedAt,
      rollout: rollout === null ? null : rolloutRow(rollout),
      results: countsOf(item),
      isOld: oldestAt !== null && Date.parse(storedAt) < Date.parse(oldestAt),
    };
  });
}

function rolloutRow({ record: { phase, reason }, disputed }: RolloutWord): HistoryRow["rollout"] {
  return { phase, reason, disputed };
}

type Said = Pick<HistoryRow, "at" | "author" | "mode" | "world" | "reason" | "signed">;

/** A panic has neither author nor time: whose key signed it, and when it was stored, is what there is. */
function saidOf({ document }: HistoryItem): Said {
  if (document.kind === "panic") {
    const { panic, signedBy, storedAt } = document.panic;
    const author = `key ${signedBy.join(", ")}`;
    return { at: storedAt, author, mode: "panic", world: panic.world, reason: panic.reason, signed: true };
  }
  const { createdAt, author, mode, world, reason } = document.head.head;
  return { at: createdAt, author, mode, world, reason, signed: document.world !== null };
}

function countsOf({ roster, results }: HistoryItem): ResultCounts | null {
  if (roster === null) return null;
  const counts = { committed: 0, reverted: 0, failed: 0, open: 0, silent: 0, signed: 0 };
  for (const node of roster.keys()) {
    const result = results.get(node);
    counts[result?.outcome ?? "silent"] += 1;
    if (result?.signed === true) counts.signed += 1;
  }
  return counts;
}

const worstFirst: NodeRow["outcome"][] = ["failed", "reverted", "open", "silent", "committed"];

/** Whoever needs a look first, then by name. */
export function nodeRows({ roster, results }: Pick<HistoryItem, "roster" | "results">): NodeRow[] {
  const nodes: NodeName[] = [...(roster ?? new Map()).keys()];
  const rows = nodes.map((node): NodeRow => {
    const result = results.get(node);
    return result === undefined
      ? { node, outcome: "silent", state: null, at: null, signed: false, reason: "" }
      : { node, ...result };
  });
  return rows.toSorted((a, b) => rankOf(a) - rankOf(b) || (a.node < b.node ? -1 : 1));
}

function rankOf({ outcome }: NodeRow): number {
  return worstFirst.indexOf(outcome);
}
