/** PURE. Whether the controller carries an order: the nodes' own rules, and that the nodes which it names are there. */
import { acceptOrder } from "@chimera/proto/acceptance/accept-order";
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { ErrorCode } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedOrder } from "@chimera/proto/signed/order";
import { controllerBench } from "./controller-bench.ts";
import type { FleetDocuments } from "./fleet-documents.ts";
import { maxAheadMs } from "./judge-new-head.ts";

export interface StoredOrder extends OpenedOrder {
  envelope: Envelope;
  /** Of its own entry in the store; 0 where it has none. */
  revision: number;
}

export interface OrderSurroundings {
  documents: FleetDocuments;
  registered: ReadonlySet<string>;
  /** Orders that wait for nodes. */
  standing: readonly StoredOrder[];
  /** The newest quarantine list. */
  quarantine: StoredOrder | null;
  nowMs: number;
}

export type NewOrderVerdict =
  | { kind: "store"; nodes: NodeName[] }
  | { kind: "refuse"; code: ErrorCode; reason: string };

export function judgeNewOrder(
  { order, id }: OpenedOrder,
  envelope: Envelope,
  around: OrderSurroundings,
): NewOrderVerdict {
  const problem = refuseAsNode(order, envelope, around) ?? refuseFuture(order, around.nowMs);
  if (problem !== null) return problem;
  const { registered, standing } = around;
  const over = refuseOver(order, id, standing);
  if (over !== null) return over;
  const nodes = order.nodes === "all" ? namesOf(registered) : order.nodes;
  const unknown = nodes.find((node) => !registered.has(node));
  if (unknown !== undefined)
    return refuse("node-unknown", `the order names ${unknown}, which is not registered`);
  const isUsed = standing.some((other) => other.order.nonce === order.nonce && other.id !== id);
  return isUsed ? refuse("order-used", "another order has this nonce") : { kind: "store", nodes };
}

function refuseOver(order: Order, id: OpenedOrder["id"], standing: readonly StoredOrder[]): Refuse {
  const isEnded = standing.some(({ order: { action } }) => action.kind === "exec-end" && action.order === id);
  if (isEnded) return refuse("order-used", "another order has ended it");
  const isPaced = order.action.kind === "exec" && order.action.atOnce !== null;
  if (!isPaced || order.nodes !== "all") return null;
  return refuse("input-invalid", "an order with atOnce names its nodes, in the sequence in which they begin");
}

/** The list of a fleet is one document for all of its nodes. */
export function judgeNewQuarantine(
  { order }: OpenedOrder,
  envelope: Envelope,
  around: OrderSurroundings,
): NewOrderVerdict {
  if (order.action.kind !== "quarantine") {
    return refuse("input-invalid", `the order is a ${order.action.kind} (POST /v1/orders)`);
  }
  if (order.nodes !== "all") return refuse("order-misaddressed", "a quarantine list is for all nodes");
  return (
    refuseAsNode(order, envelope, around) ?? refuseFuture(order, around.nowMs) ?? { kind: "store", nodes: [] }
  );
}

type Order = OpenedOrder["order"];
type Refuse = Extract<NewOrderVerdict, { kind: "refuse" }> | null;

/** As the first node that it names would. */
function refuseAsNode(
  order: Order,
  envelope: Envelope,
  { documents, quarantine, nowMs }: OrderSurroundings,
): Refuse {
  const bench = controllerBench(documents, nowMs);
  const node = order.nodes === "all" ? bench.judge.node : (order.nodes[0] ?? bench.judge.node);
  const state = { ...bench.state, quarantine: listOf(quarantine) };
  const verdict = acceptOrder({ ...bench, state, judge: { ...bench.judge, node } }, envelope);
  return verdict.kind === "refused" ? refuse(verdict.code, verdict.reason) : null;
}

function listOf(quarantine: StoredOrder | null) {
  const action = quarantine?.order.action;
  if (quarantine === null || action?.kind !== "quarantine") return null;
  return { serial: action.serial, id: quarantine.id, toplevels: action.toplevels };
}

function refuseFuture({ createdAt }: Order, nowMs: number): Refuse {
  if (msOf(createdAt) - nowMs <= maxAheadMs) return null;
  return refuse("input-invalid", `order.createdAt is ${createdAt}, the clock of somebody is wrong`);
}

function namesOf(registered: ReadonlySet<string>): NodeName[] {
  return [...registered].map((name) => NodeName.parse(name));
}

function refuse(code: ErrorCode, reason: string): Extract<NewOrderVerdict, { kind: "refuse" }> {
  return { kind: "refuse", code, reason };
}

/** The list with the highest serial; of equals the first. */
export function newestQuarantine(orders: readonly StoredOrder[]): StoredOrder | null {
  return orders
    .filter(({ order }) => order.action.kind === "quarantine")
    .reduce<StoredOrder | null>((best, one) => (serialOf(one) > serialOf(best) ? one : best), null);
}

function serialOf(stored: StoredOrder | null): number {
  return stored?.order.action.kind === "quarantine" ? stored.order.action.serial : 0;
}

/** With one more and without those whose time is over; each once. */
export function withOrder(
  standing: readonly StoredOrder[],
  added: StoredOrder,
  nowMs: number,
): StoredOrder[] {
  const { action } = added.order;
  // Whoever was away must not begin what is over for everybody.
  const ended = action.kind === "exec-end" ? action.order : null;
  return [...livingOrders(standing, nowMs).filter(({ id }) => id !== added.id && id !== ended), added];
}

export function livingOrders(orders: readonly StoredOrder[], nowMs: number): StoredOrder[] {
  return orders.filter(({ order }) => msOf(order.notAfter) >= nowMs);
}
