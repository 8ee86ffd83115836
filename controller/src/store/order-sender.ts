/** SHELL. Carries an order to its nodes and collects what they say: receipts that they signed, refusals, or nothing in time. */
import { AckMessage, type OrderAnswer, type OrderResult } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { NodeName, type Digest, type FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import type { Msg } from "nats";
import type { NatsLink } from "./connection.ts";

const patienceMs = 2000;
/** Sent before it is waited for the server to have them. */
const atOnce = 128;

interface SentOrder {
  id: Digest;
  envelope: Envelope;
  nodes: readonly NodeName[];
}

export interface OrderSender {
  /** One answer for each node; the order is in the store before, for those that are silent. */
  send(order: SentOrder): Promise<OrderResult["answers"]>;
}

export interface SenderOptions {
  link: NatsLink;
  fleetId: FleetId;
  /** The registered key of a node. */
  nodeKey: (node: NodeName) => PublicKeyText | undefined;
  log: Log;
}

/** One order that is under way. */
interface Pending {
  id: Digest;
  silent: Set<NodeName>;
  answers: Map<NodeName, OrderAnswer>;
  finish: () => void;
}

/** Listens from the start: an answer may be there before its question has left. */
export function createOrderSender(options: SenderOptions): OrderSender {
  const { link, fleetId, log } = options;
  const pending = new Set<Pending>();
  link.subscribe(subjects.all.acks(fleetId), (message) => {
    // Receipts of heads and panics come here too, a thousand at a time.
    if (pending.size === 0) return;
    try {
      takeAnswer(options, message, pending);
    } catch (error) {
      if (!(error instanceof ChimeraError) && !(error instanceof SyntaxError)) throw error;
      log.warn({ subject: message.subject, error }, "answer of a node refused");
    }
  });
  async function ask(order: SentOrder, mine: Pending, answered: Promise<void>) {
    const body = JSON.stringify({ envelope: order.envelope });
    for (let from = 0; from < order.nodes.length; from += atOnce) {
      for (const node of order.nodes.slice(from, from + atOnce))
        link.publish(subjects.cmd(fleetId, node), body);
      await link.flush();
    }
    const patience = setTimeout(mine.finish, patienceMs);
    await answered;
    clearTimeout(patience);
  }
  return {
    async send(order) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const mine = { id: order.id, silent: new Set(order.nodes), answers: new Map(), finish: resolve };
      pending.add(mine);
      try {
        if (order.nodes.length > 0) await ask(order, mine, promise);
      } finally {
        pending.delete(mine);
      }
      return order.nodes.map((node) => ({ node, answer: mine.answers.get(node) ?? { kind: "silent" } }));
    },
  };
}

function takeAnswer(options: SenderOptions, message: Msg, pending: ReadonlySet<Pending>): void {
  const node = NodeName.safeParse(message.subject.slice(message.subject.lastIndexOf(".") + 1));
  // A node that was not asked, or has signed its answer, costs nothing, however much it sends.
  if (!node.success || ![...pending].some((one) => isAwaited(one, node.data))) return;
  const ack = AckMessage.safeParse(message.json());
  if (!ack.success) return;
  const found = answerOf(options, ack.data, node.data);
  if (found === undefined) return;
  for (const one of pending) if (one.id === found.id) note(one, node.data, found.answer);
}

function answerOf(options: SenderOptions, ack: AckMessage, node: NodeName): Answer | undefined {
  if ("refused" in ack) return refusalOf(ack);
  if (!("receipt" in ack)) return receiptOf(options, ack, node);
  const found = receiptOf(options, ack.receipt, node);
  if (found?.answer.kind !== "accepted") return undefined;
  // Whoever asked checks what is shown: it is signed by the node.
  return { ...found, answer: { ...found.answer, shown: ack.shown } };
}

/** A node that had it from the store may say both: then what it signed counts. */
function note(one: Pending, node: NodeName, answer: OrderAnswer): void {
  if (!isAwaited(one, node)) return;
  const { silent, answers, finish } = one;
  answers.set(node, answer);
  silent.delete(node);
  if (silent.size === 0) finish();
}

function isAwaited({ silent, answers }: Pending, node: NodeName): boolean {
  return silent.has(node) || answers.get(node)?.kind === "refused";
}

interface Answer {
  id: Digest;
  answer: OrderAnswer;
}

function refusalOf({
  refused,
}: {
  refused: { id: Digest | null; code: string; message: string };
}): Answer | undefined {
  const { id, code, message } = refused;
  return id === null ? undefined : { id, answer: { kind: "refused", code, message } };
}

/** Undefined for the receipt of another kind of document. Throws signature-invalid for one that the node did not sign. */
function receiptOf(
  { nodeKey, fleetId }: SenderOptions,
  envelope: Envelope,
  node: NodeName,
): Answer | undefined {
  const key = nodeKey(node);
  if (key === undefined) return undefined;
  const { document, ...receipt } = openReceipt(envelope, key);
  const isOwn = receipt.node === node && receipt.fleetId === fleetId;
  if (document.kind !== "order" || !isOwn) return undefined;
  return { id: document.id, answer: { kind: "accepted", receipt: envelope } };
}
