/** PURE. Receipts: a node's signed word about one document, with the four times of activation.md. */
import { z } from "zod";
import { openEnvelope, type Envelope } from "./envelope.ts";
import type { PublicKeyText } from "./keys.ts";
import { Count, Digest, FleetId, IsoTime, NodeName, StorePath } from "../names.ts";
import { StateWord } from "../state-word.ts";

export const Receipt = z.object({
  v: z.literal(1),
  kind: z.literal("receipt"),
  fleetId: FleetId,
  node: NodeName,
  document: z.object({
    kind: z.enum(["head", "panic", "order"]),
    id: Digest,
    /** Of a head or panic; null for an order. */
    epoch: Count.nullable(),
    serial: Count.nullable(),
    /** 1 where the rollout of that head was taken back, and this is about the way back; absent else. */
    rank: z.literal(1).optional(),
  }),
  state: StateWord,
  /** What the document asks this node to run; null for an order, or where nothing is known to go back to. */
  target: StorePath.nullable(),
  /** What ran when this was signed. */
  current: StorePath.nullable(),
  times: z.object({
    /** The document is durably recorded. */
    ack: IsoTime,
    /** The target runs, its activation ended. */
    active: IsoTime.nullable(),
    /** The system profile names it. */
    pointer: IsoTime.nullable(),
    /** The boot default names it. */
    boot: IsoTime.nullable(),
  }),
  at: IsoTime,
});
export type Receipt = z.infer<typeof Receipt>;

/** Verifies against the node key of a proven leaf, then parses. Throws signature-invalid or input-invalid. */
export function openReceipt(envelope: Envelope, nodeKey: PublicKeyText): Receipt {
  const role = { keys: [nodeKey], threshold: 1 };
  return openEnvelope(envelope, { kind: "receipt", role }, Receipt).message;
}
