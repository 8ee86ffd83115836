/** PURE. What `chimera retry` must not bring back: what somebody undid, or stopped, by an order of their own. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Order, OrderAction } from "@chimera/proto/signed/order";

export type Asked = Order & { action: Extract<OrderAction, { kind: "rollout" }> };

export interface AskScene {
  /** The newest head. */
  newest: { id: Digest; head: { serial: number } };
  /** All that is known, verified. */
  orders: readonly Order[];
  /** Of the newest head; null where no lead has begun. */
  record: RolloutRecord | null;
  nowMs: number;
}

/**
 * What the newest head's lead was asked, where that counts: an abort for as long as nobody resumed the rollout after it; else the last,
 * where it was answered or still may be. By the signed orders and not by the record's words, which nobody signs, and which may be lost.
 */
export function lastAsk({ newest, orders, record, nowMs }: AskScene): Asked | null {
  const asks = orders
    .flatMap((order): Asked[] => {
      const { action } = order;
      return action.kind === "rollout" && action.head === newest.id ? [{ ...order, action }] : [];
    })
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const decisive = asks.find(({ action }) => action.ask !== "pause");
  if (decisive?.action.ask === "abort") return decisive;
  const [last] = asks;
  if (last === undefined || record?.phase === "committed") return null;
  const isAnswered = record?.answered?.nonce === last.nonce;
  return isAnswered || Date.parse(last.notAfter) >= nowMs ? last : null;
}

/** Throws order-stale after an abort. */
export function refuseAborted({ newest: { head } }: Pick<AskScene, "newest">, ask: Asked | null): void {
  if (ask?.action.ask !== "abort") return;
  throw new ChimeraError(
    "order-stale",
    `the rollout of head ${head.serial} was aborted ${askText(ask)}: retry brings back nothing that somebody undid. ${knowingly(head.serial)}`,
  );
}

/** "by ben@desk at …: the reason" */
export function askText({ author, createdAt, reason }: Asked): string {
  return `by ${author} at ${createdAt}${reason === "" ? "" : ` (${reason})`}`;
}

/** What leads out, for whoever means it. */
export function knowingly(serial: number): string {
  return `To publish it knowingly: chimera rollback --to ${serial}; to publish what is built here: chimera deploy`;
}
