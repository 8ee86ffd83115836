/**
 * SHELL. Orders, sent to this node or waiting in the store. The nonce is on disk before anything happens, and the answer is a
 * signed receipt on the node's own subject: who asks does not choose where a node publishes.
 */
import { PutDocument, type AckMessage } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
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
  /** On this node's ack subject. */
  acknowledge: (message: AckMessage) => void;
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
  unasked: Map<Digest, Envelope>;
  /** What lies in the store was judged under these keys already. */
  judged: Set<string>;
}

export function createOrderDesk(options: OrderDeskOptions): OrderDesk {
  const desk: Desk = { options, unasked: new Map(), judged: new Set() };
  return {
    answer: (data) => answer(desk, data),
    takeStanding(orders, { isList }) {
      for (const envelope of orders) takeStanding(desk, envelope, isList ? nothingQuiet : ordinary);
    },
  };
}

function answer({ options: { keeper, acknowledge, receiptFor }, unasked }: Desk, data: Uint8Array): void {
  const found = parseBounded(data, PutDocument);
  if (found.kind === "malformed") {
    keeper.refuseMalformed("order", found.reason);
    acknowledge({ refused: { id: null, code: "input-invalid", message: found.reason } });
    return;
  }
  const { envelope } = found.value;
  const id = documentId(envelope);
  const receipt = unasked.get(id);
  if (receipt !== undefined) {
    unasked.delete(id);
    acknowledge(receipt);
    return;
  }
  const verdict = keeper.take({ kind: "order", envelope });
  if (verdict.kind === "accepted") acknowledge(receiptFor(id));
  if (verdict.kind === "refused") acknowledge(refusalOf(id, verdict));
  if (verdict.kind === "known") acknowledge(refusalOf(id, used));
}

function takeStanding(
  { options: { keeper, acknowledge, receiptFor }, unasked, judged }: Desk,
  envelope: Envelope,
  quiet: ReadonlySet<ErrorCode>,
): void {
  const id = documentId(envelope);
  const key = `${id} ${keeper.keySet()?.version} ${signaturesOf(envelope)}`;
  if (judged.has(key)) return;
  const verdict = keeper.take({ kind: "order", envelope }, quiet);
  if (verdict.kind === "refused" && passing.has(verdict.code)) return;
  judged.add(key);
  for (const oldest of judged) if (judged.size > remembered) judged.delete(oldest);
  if (verdict.kind !== "accepted") return;
  const receipt = receiptFor(id);
  acknowledge(receipt);
  unasked.set(id, receipt);
  for (const oldest of unasked.keys()) if (unasked.size > remembered) unasked.delete(oldest);
}

const used = { code: "order-used", reason: "an order is carried out once, and this one was" } as const;

function refusalOf(id: Digest, { code, reason }: { code: ErrorCode; reason: string }): AckMessage {
  return { refused: { id, code, message: reason.slice(0, 2048) } };
}

/** The same order may come again with a signature that was missing. */
function signaturesOf({ signatures }: Envelope): string {
  return signatures.map(({ sig }) => sig).join(" ");
}
