/** SHELL. What an order asks this node for, as a document that the node signs. */
import type { DriftShown, ShownFacts } from "@chimera/proto/drift-shown";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { SessionAnswered } from "@chimera/proto/sessions/order-answer";
import { isSessionAction } from "@chimera/proto/sessions/session-order";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Order } from "@chimera/proto/signed/order";
import type { SessionOrders } from "../sessions/session-orders.ts";
import type { AcceptedOrder } from "./order-desk.ts";

export interface AnswerNeeds {
  node: NodeName;
  fleetId: FleetId;
  signer: Signer;
  /** An order that was accepted, once: what it asks for, or null where it asks for nothing. */
  onOrder: (order: Order) => Promise<ShownFacts> | null;
  /** Where this node's system lets orders run and type something. */
  sessionOrders: SessionOrders | null;
}

/** Null where nothing but a receipt is due. */
export function answerSigned(needs: AnswerNeeds, accepted: AcceptedOrder): Promise<Envelope> | null {
  const { node, fleetId, signer, sessionOrders } = needs;
  const { order, id } = accepted;
  if (!isSessionAction(order.action)) return showSigned(needs, accepted);
  // Without it no such order is accepted.
  if (sessionOrders === null) return null;
  return sessionOrders.carryOut(accepted).then((answer) => {
    const answered: SessionAnswered = { v: 1, kind: "answer", fleetId, node, order: id, answer };
    return seal("answer", answered, [signer]);
  });
}

function showSigned(
  { node, fleetId, signer, onOrder }: AnswerNeeds,
  { order, id }: AcceptedOrder,
): Promise<Envelope> | null {
  const answer = onOrder(order);
  if (answer === null) return null;
  return answer.then((facts) => {
    const shown: DriftShown = { v: 1, kind: "shown", fleetId, node, order: id, ...facts };
    return seal("shown", shown, [signer]);
  });
}
