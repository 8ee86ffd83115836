/**
 * PURE. Whether a node carries out an order: for it, in time, and once. The nonce is in the state before anything happens;
 * a quarantine list needs none, since its serial only rises.
 */
import { maxDriftExceptions, type DriftException } from "../drift-policy.ts";
import type { Envelope } from "../signed/envelope.ts";
import { isFor, openOrder, type OpenedOrder, type Order, type OrderAction } from "../signed/order.ts";
import { maxSerialJump } from "../signed/place.ts";
import { refuseSessionOrder } from "./refuse-session-order.ts";
import { isSessionAction } from "../sessions/session-order.ts";
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
  if (order.fleetId !== state.fleetId) {
    return refused("fleet-mismatch", `order is for fleet ${order.fleetId}`, signedBy);
  }
  if (!isFor(order, judge.node))
    return refused("order-misaddressed", "the order names other nodes", signedBy);
  if (order.action.kind === "rollout") {
    return refused("order-misaddressed", "it is for the lead of a rollout, not for nodes", signedBy);
  }
  if (Date.parse(order.notAfter) < nowOf(bench)) {
    return refused("order-expired", `the order was to be carried out by ${order.notAfter}`, signedBy);
  }
  return order.action.kind === "quarantine"
    ? refuseList(state, order.action.serial, signedBy)
    : (refuseUsed(bench, { order, signedBy }) ?? refuseOvertaken(bench, { order, signedBy }));
}

function refuseOvertaken(bench: Bench, { order, signedBy }: Named): Verdict | null {
  const { action } = order;
  if (isSessionAction(action)) return refuseSessionOrder(bench, { order, signedBy }, action);
  switch (action.kind) {
    case "hold":
    case "release":
      return refuseOlder(bench.state, { order, signedBy });
    case "drift-ignore":
    case "drift-unignore":
      return refuseException(bench, { order, signedBy }, action.glob);
    case "drift-resume":
    case "drift-show":
    case "quarantine":
    case "rollout":
      return null;
  }
}

type Named = Pick<OpenedOrder, "order" | "signedBy">;

function refuseUsed(bench: Bench, { order, signedBy }: Named): Verdict | null {
  const { nonces, ordersFloor } = bench.state;
  if (nonces.some(({ nonce }) => nonce === order.nonce)) {
    return refused("order-used", "an order is carried out once, and this one was", signedBy);
  }
  // Its nonce may be among those that were forgotten while the clock showed a later time.
  if (ordersFloor !== null && Date.parse(order.notAfter) <= Date.parse(ordersFloor)) {
    return refused("order-expired", `orders due by ${ordersFloor} were over here already`, signedBy);
  }
  if (remember(bench).nonces.length < maxNonces) return null;
  return refused("overloaded", `${maxNonces} orders are remembered already, and none has expired`, signedBy);
}

function refuseList({ quarantine }: TrustState, serial: number, signedBy: string[]): Verdict | null {
  const newest = quarantine?.serial ?? 0;
  if (serial <= newest) {
    return refused("order-stale", `quarantine list ${serial} is not above the newest, ${newest}`, signedBy);
  }
  if (serial - newest <= maxSerialJump) return null;
  return refused("order-jump", `quarantine list ${serial} is too far above the newest, ${newest}`, signedBy);
}

/** What somebody ordered before must not undo what was ordered after it, in whatever sequence they arrive. */
function refuseOlder({ holdChangedAt }: TrustState, { order, signedBy }: Named): Verdict | null {
  const isOlder = holdChangedAt !== null && Date.parse(order.createdAt) <= Date.parse(holdChangedAt);
  return isOlder
    ? refused("order-stale", `a newer hold or release was carried out (${holdChangedAt})`, signedBy)
    : null;
}

function refuseException(bench: Bench, { order, signedBy }: Named, glob: string): Verdict | null {
  const living = livingExceptions(bench);
  const known = living.find((entry) => entry.glob === glob);
  if (known !== undefined && Date.parse(order.createdAt) <= Date.parse(known.createdAt)) {
    return refused("order-stale", `a newer order for ${glob} was carried out (${known.createdAt})`, signedBy);
  }
  if (known !== undefined || living.length < maxDriftExceptions) return null;
  return refused("overloaded", `${maxDriftExceptions} exceptions from drift are kept already`, signedBy);
}

function livingExceptions(bench: Bench): DriftException[] {
  const nowMs = nowOf(bench);
  return (bench.state.driftExceptions ?? []).filter(({ until }) => Date.parse(until) >= nowMs);
}

function take(bench: Bench, { order, id, signedBy }: OpenedOrder): Verdict {
  const next = carryOut(remember(bench, order), order, { id, exceptions: livingExceptions(bench) });
  return { kind: "accepted", state: raiseFloor(next, order.createdAt), id, signedBy };
}

function carryOut(
  state: TrustState,
  order: Order,
  { id, exceptions }: { id: OpenedOrder["id"]; exceptions: readonly DriftException[] },
): TrustState {
  const { action, createdAt, author, reason } = order;
  if (isSessionAction(action)) return state;
  switch (action.kind) {
    case "hold": {
      const { until, drift, evenPanic } = action;
      return { ...state, holdChangedAt: createdAt, hold: { until, drift, evenPanic, author, reason } };
    }
    case "release":
      return { ...state, holdChangedAt: createdAt, hold: null };
    case "quarantine":
      return quarantined(state, action, id);
    case "drift-ignore":
      return {
        ...state,
        driftExceptions: withException(exceptions, order, { ...action, ended: false }),
      };
    case "drift-unignore":
      return {
        ...state,
        driftExceptions: withException(exceptions, order, { ...action, until: order.notAfter, ended: true }),
      };
    // The node does something once, and keeps nothing but the nonce.
    case "drift-resume":
    case "drift-show":
    // Refused above.
    case "rollout":
      return state;
  }
}

function withException(
  exceptions: readonly DriftException[],
  { createdAt, author, reason }: Order,
  { glob, until, ended }: Pick<DriftException, "glob" | "until" | "ended">,
): DriftException[] {
  const others = exceptions.filter((entry) => entry.glob !== glob);
  return [...others, { glob, until, ended, createdAt, author, reason }];
}

function quarantined(
  state: TrustState,
  { serial, toplevels, pardoned }: Extract<OrderAction, { kind: "quarantine" }>,
  id: OpenedOrder["id"],
): TrustState {
  const quarantinedHere = state.quarantinedHere.filter(({ toplevel }) => !pardoned.includes(toplevel));
  return { ...state, quarantinedHere, quarantine: { serial, id, toplevels } };
}

/** Past its time an order is refused for that, so its nonce need not be known any more; the floor says up to when. */
function remember(bench: Bench, order?: Order): TrustState {
  const { state } = bench;
  const nowMs = nowOf(bench);
  const isLiving = ({ notAfter }: { notAfter: string }) => Date.parse(notAfter) >= nowMs;
  const ordersFloor = state.nonces
    .filter((entry) => !isLiving(entry))
    .reduce((floor, { notAfter }) => later(floor, notAfter), state.ordersFloor);
  const added = order === undefined || order.action.kind === "quarantine" ? [] : [order];
  const nonces = [
    ...state.nonces.filter(isLiving),
    ...added.map(({ nonce, notAfter }) => ({ nonce, notAfter })),
  ];
  return { ...state, nonces, ordersFloor };
}

function later(a: string | null, b: string): string {
  return a !== null && Date.parse(a) >= Date.parse(b) ? a : b;
}
