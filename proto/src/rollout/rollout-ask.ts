/** PURE. What an operator asks of the lead, in a signed order: whether it counts for this rollout, now. */
import { ChimeraError } from "../errors.ts";
import type { Digest, FleetId } from "../names.ts";
import type { Envelope, RoleKeys } from "../signed/envelope.ts";
import type { RolloutRecord } from "./rollout-record.ts";
import { openOrder, type OpenedOrder, type Order, type OrderAction } from "../signed/order.ts";

type RolloutAction = Extract<OrderAction, { kind: "rollout" }>;

export interface OpenedAsk extends OpenedOrder {
  order: Order & { action: RolloutAction };
}

export interface AskContext {
  /** The order role. */
  role: RoleKeys;
  fleetId: FleetId;
  /** Id of the head that is rolled out. */
  head: Digest;
  nowMs: number;
}

/** No controller takes an order from further ahead of its clock. */
const maxAheadMs = 10 * 60_000;

/**
 * When what was answered last was signed, in ms since 1970; null where nothing was. An answer to what was signed in a far
 * future was written by somebody else than a lead, and keeps nothing out.
 */
export function answeredMsOf(record: Pick<RolloutRecord, "answered"> | null, nowMs: number): number | null {
  if (record?.answered === undefined) return null;
  const ms = Date.parse(record.answered.createdAt);
  return ms > nowMs + maxAheadMs ? null : ms;
}

/** Whether it came after the one that was answered last: in whatever sequence they arrive, an older one says nothing any more. */
export function isNewAsk(
  { nonce, createdAt }: { nonce: string; createdAt: string },
  record: Pick<RolloutRecord, "answered">,
  nowMs: number,
): boolean {
  if (nonce === record.answered?.nonce) return false;
  const answeredMs = answeredMsOf(record, nowMs);
  return answeredMs === null || Date.parse(createdAt) > answeredMs;
}

/** Throws signature-invalid, fleet-mismatch, input-invalid, rollout-foreign, order-misaddressed or order-expired. */
export function openAsk(envelope: Envelope, { role, fleetId, head, nowMs }: AskContext): OpenedAsk {
  const opened = openOrder(envelope, role);
  const { order } = opened;
  const { action } = order;
  if (order.fleetId !== fleetId) {
    throw new ChimeraError("fleet-mismatch", `the order is for fleet ${order.fleetId}`);
  }
  if (action.kind !== "rollout") {
    throw new ChimeraError("input-invalid", `where a lead is asked there is a ${action.kind}`);
  }
  if (action.head !== head) {
    throw new ChimeraError(
      "rollout-foreign",
      `it asks for the rollout of head ${action.head}, not of ${head}`,
    );
  }
  if (order.nodes !== "all") {
    throw new ChimeraError("order-misaddressed", "what is asked of a lead is about all nodes");
  }
  if (Date.parse(order.notAfter) < nowMs) {
    throw new ChimeraError("order-expired", `it was to be answered by ${order.notAfter}`);
  }
  return { ...opened, order: { ...order, action } };
}
