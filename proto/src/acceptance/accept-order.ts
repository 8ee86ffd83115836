/** PURE. Whether a node carries out an order: for it, in time, and once. The nonce is in the state before anything happens. */
import type { Envelope } from "../signed/envelope.ts";
import { isFor, openOrder, type OpenedOrder, type Order, type OrderAction } from "../signed/order.ts";
import { maxNonces, type TrustState } from "./trust-state.ts";
import { nowOf, raiseFloor, refused, refusedBy, type Bench, type Verdict } from "./verdict.ts";

export function acceptOrder(bench: Bench, envelope: Envelope): Verdict {
  let opened: OpenedOrder;
  try {
    opened = openOrder(envelope, bench.keys.set.roles.order);
  } catch (error) {
    return refusedBy(error);
  }
  return refuseOrder(bench, opened) ?? take(bench, opened);
}

function refuseOrder(bench: Bench, { order, signedBy }: OpenedOrder): Verdict | null {
  const { state, judge } = bench;
  const nowMs = nowOf(bench);
  if (order.fleetId !== state.fleetId) {
    return refused("fleet-mismatch", `order is for fleet ${order.fleetId}`, signedBy);
  }
  if (!isFor(order, judge.node))
    return refused("order-misaddressed", "the order names other nodes", signedBy);
  if (Date.parse(order.notAfter) < nowMs) {
    return refused("order-expired", `the order was to be carried out by ${order.notAfter}`, signedBy);
  }
  if (state.nonces.some(({ nonce }) => nonce === order.nonce)) {
    return refused("order-used", "an order is carried out once, and this one was", signedBy);
  }
  if (livingNonces(state, nowMs).length >= maxNonces) {
    return refused(
      "overloaded",
      `${maxNonces} orders are remembered already, and none has expired`,
      signedBy,
    );
  }
  return refuseOlder(state, { order, signedBy });
}

/** What somebody ordered before must not undo what was ordered after it, in whatever sequence they arrive. */
function refuseOlder(
  { holdChangedAt, quarantine }: TrustState,
  { order, signedBy }: Pick<OpenedOrder, "order" | "signedBy">,
): Verdict | null {
  const { action, createdAt } = order;
  if (action.kind === "quarantine") {
    const isOlder = action.serial <= (quarantine?.serial ?? 0);
    return isOlder
      ? refused("order-stale", `quarantine list ${action.serial} is not above the newest`, signedBy)
      : null;
  }
  const isOlder = holdChangedAt !== null && Date.parse(createdAt) <= Date.parse(holdChangedAt);
  return isOlder
    ? refused("order-stale", `a newer hold or release was carried out (${holdChangedAt})`, signedBy)
    : null;
}

function take(bench: Bench, { order, id, signedBy }: OpenedOrder): Verdict {
  const { state } = bench;
  const { nonce, notAfter } = order;
  const remembered: TrustState = {
    ...state,
    nonces: [...livingNonces(state, nowOf(bench)), { nonce, notAfter }],
  };
  const next = carryOut(remembered, order, id);
  return { kind: "accepted", state: raiseFloor(next, order.createdAt), id, signedBy };
}

function carryOut(state: TrustState, order: Order, id: OpenedOrder["id"]): TrustState {
  const { action, createdAt, author, reason } = order;
  switch (action.kind) {
    case "hold": {
      const { until, drift, evenPanic } = action;
      return { ...state, holdChangedAt: createdAt, hold: { until, drift, evenPanic, author, reason } };
    }
    case "release":
      return { ...state, holdChangedAt: createdAt, hold: null };
    case "quarantine":
      return quarantined(state, action, id);
  }
}

function quarantined(
  state: TrustState,
  { serial, toplevels, pardoned }: Extract<OrderAction, { kind: "quarantine" }>,
  id: OpenedOrder["id"],
): TrustState {
  const quarantinedHere = state.quarantinedHere.filter(({ toplevel }) => !pardoned.includes(toplevel));
  return { ...state, quarantinedHere, quarantine: { serial, id, toplevels } };
}

/** Past its time an order is refused for that, so its nonce need not be known any more. */
function livingNonces({ nonces }: TrustState, nowMs: number): TrustState["nonces"] {
  return nonces.filter(({ notAfter }) => Date.parse(notAfter) >= nowMs);
}
