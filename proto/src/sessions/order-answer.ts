/** PURE. What a node makes of an order for its sessions, signed by its key: what it started, or its half of a keyboard's key. */
import { z } from "zod";
import { Digest, FleetId, IsoTime, NodeName } from "../names.ts";
import { openEnvelope, type Envelope } from "../signed/envelope.ts";
import type { PublicKeyText } from "../signed/keys.ts";
import { ExchangeHalf } from "./keyboard.ts";
import { maxCopies } from "./session-order.ts";
import { KeyboardHolder, SessionName, SessionRun } from "./session.ts";

const problem = { code: z.string().max(64), message: z.string().max(1024) };

export const SessionAnswer = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("started"),
    sessions: z.array(z.object({ name: SessionName, run: SessionRun })).max(maxCopies),
    /** Why not all of them were: the order is used up nevertheless. */
    failed: z.object(problem).nullable(),
  }),
  /** The signal was sent to all of them. */
  z.object({ kind: z.literal("ended"), sessions: z.array(SessionName).max(maxCopies) }),
  z.object({
    kind: z.literal("keyboard"),
    session: SessionName,
    run: SessionRun,
    half: ExchangeHalf,
    until: IsoTime,
    /** Whom it was taken from. */
    before: z.string().max(256).nullable(),
  }),
  z.object({
    kind: z.literal("refused"),
    ...problem,
    /** Who holds the keyboard, where that is why: an order that is to take it names that one. */
    held: KeyboardHolder.optional(),
  }),
]);
export type SessionAnswer = z.infer<typeof SessionAnswer>;

export const SessionAnswered = z.object({
  v: z.literal(1),
  kind: z.literal("answer"),
  fleetId: FleetId,
  node: NodeName,
  order: Digest,
  answer: SessionAnswer,
});
export type SessionAnswered = z.infer<typeof SessionAnswered>;

/** Verifies against the node key of a proven leaf, then parses. Throws signature-invalid or input-invalid. */
export function openSessionAnswer(envelope: Envelope, nodeKey: PublicKeyText): SessionAnswered {
  const role = { keys: [nodeKey], threshold: 1 };
  return openEnvelope(envelope, { kind: "answer", role }, SessionAnswered).message;
}
