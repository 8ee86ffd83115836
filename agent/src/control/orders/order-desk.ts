/**
 * SHELL. Orders, sent to this node or waiting in the store. The nonce is on disk before anything happens, and the answer is a
 * signed receipt on the node's own subject: who asks does not choose where a node publishes.
 */
import { PutDocument, type AckMessage } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { Order } from "@chimera/proto/signed/order";
import { parseBounded } from "../look/read-stored.ts";
import { documentId } from "../trust/judge-document.ts";
import type { TrustKeeper } from "../trust/trust-keeper.ts";

export interface OrderDesk {
  /** A message on this node's command subject. */
  answer: (data: Uint8Array) => void;
  /** The fleet's quarantine (one list that replaces the last), or the orders for nodes that were away. */
  takeStanding: (orders: readonly Envelope[], origin: { isList: boolean }) => void;
}

export interface OrderDeskOptions {
  keeper: TrustKeeper;
  /** The signed receipt of an order that is on disk. */
  receiptFor: (order: Digest) => Envelope;
  /** An order that was accepted, once. Where it asks for something: the signed answer, in a moment. */
  perform: (accepted: AcceptedOrder) => Promise<Envelope> | null;
  /** On this node's ack subject. */
  acknowledge: (message: AckMessage) => void;
}

export interface AcceptedOrder {
  order: Order;
  id: Digest;
  /** Names of the keys whose signatures counted. */
  signedBy: readonly string[];
}

/** In a list for many nodes these are the ordinary fate of an order; one that is sent is another matter. */
const ordinary: ReadonlySet<ErrorCode> = new Set([
  "order-used",
  "order-misaddressed",
  "order-expired",
  "order-stale",
]);
/** What is not the order's own fault may be over at the next look: a full disk, a full memory, a clock that was ahead. */
const passing: ReadonlySet<ErrorCode> = new Set(["file-unreadable", "overloaded", "order-expired"]);
const nothingQuiet: ReadonlySet<ErrorCode> = new Set();
const remembered = 1024;

interface Desk {
  options: OrderDeskOptions;
  /** Orders that were carried out from the store, and whose sender may still ask. */
  unasked: Map<Digest, Answer>;
  /** What was started takes longer than a question: whoever asks again is told what came of it, and nothing is started again. */
  started: Map<Digest, Answer>;
  /** What lies in the store was judged under these keys already. */
  judged: Set<string>;
}

type Answer = AckMessage | Promise<AckMessage>;

export function createOrderDesk(options: OrderDeskOptions): OrderDesk {
  const desk: Desk = { options, unasked: new Map(), started: new Map(), judged: new Set() };
  return {
    answer: (data) => answer(desk, data),
    takeStanding(orders, { isList }) {
      for (const envelope of orders) takeStanding(desk, envelope, isList ? nothingQuiet : ordinary);
    },
  };
}

function answer(desk: Desk, data: Uint8Array): void {
  const { options, unasked, started } = desk;
  const { keeper, acknowledge } = options;
  const found = parseBounded(data, PutDocument);
  if (found.kind === "malformed") {
    keeper.refuseMalformed("order", found.reason);
    acknowledge({ refused: { id: null, code: "input-invalid", message: found.reason } });
    return;
  }
  const { envelope } = found.value;
  const id = documentId(envelope);
  const earlier = unasked.get(id) ?? started.get(id);
  if (earlier !== undefined) {
    unasked.delete(id);
    say(options, earlier);
    return;
  }
  const verdict = keeper.take({ kind: "order", envelope });
  if (verdict.kind === "accepted") say(options, carryOut(desk, envelope, verdict));
  if (verdict.kind === "refused") acknowledge(refusalOf(id, verdict));
  if (verdict.kind === "known") acknowledge(refusalOf(id, used));
}

/** The receipt at once, or with the answer as soon as that is there. */
function carryOut(
  { options, started }: Desk,
  envelope: Envelope,
  { id, signedBy }: Omit<AcceptedOrder, "order">,
): Answer {
  const receipt = options.receiptFor(id);
  const order = parsePayload(payloadOf(envelope, "order"), Order);
  const shown = options.perform({ order, id, signedBy });
  if (shown === null) return receipt;
  const answered = shown.then((envelopeOf) => ({ receipt, shown: envelopeOf }));
  if (order.action.kind === "exec") remember(started, id, answered);
  return answered;
}

function remember(answers: Map<Digest, Answer>, id: Digest, answered: Answer): void {
  answers.set(id, answered);
  for (const oldest of answers.keys()) if (answers.size > remembered) answers.delete(oldest);
}

function say({ acknowledge }: OrderDeskOptions, said: Answer): void {
  if (said instanceof Promise) void said.then(acknowledge);
  else acknowledge(said);
}

function takeStanding(desk: Desk, envelope: Envelope, quiet: ReadonlySet<ErrorCode>): void {
  const { options, unasked, judged } = desk;
  const { keeper } = options;
  const id = documentId(envelope);
  const key = `${id} ${keeper.keySet()?.version} ${signaturesOf(envelope)}`;
  if (judged.has(key)) return;
  const verdict = keeper.take({ kind: "order", envelope }, quiet);
  if (verdict.kind === "refused" && passing.has(verdict.code)) return;
  judged.add(key);
  for (const oldest of judged) if (judged.size > remembered) judged.delete(oldest);
  if (verdict.kind !== "accepted") return;
  const said = carryOut(desk, envelope, verdict);
  say(options, said);
  remember(unasked, id, said);
}

const used = { code: "order-used", reason: "an order is carried out once, and this one was" } as const;

function refusalOf(id: Digest, { code, reason }: { code: ErrorCode; reason: string }): AckMessage {
  return { refused: { id, code, message: reason.slice(0, 2048) } };
}

/** The same order may come again with a signature that was missing. */
function signaturesOf({ signatures }: Envelope): string {
  return signatures.map(({ sig }) => sig).join(" ");
}
