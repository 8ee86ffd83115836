/**
 * SHELL. The keyboard of a node's session for this terminal: asked for by a signed order, answered by the node's signed half of the key. Whoever
 * carries what is typed can neither read it as somebody else's nor type himself.
 */
import { ChimeraError, isErrorCode } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { createExchange, maxKeyBytes, sealTyped, type Typed } from "@chimera/proto/sessions/keyboard";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { createObserver } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { collectAnswers } from "../../order/send-order.ts";
import { draftOrder, signOrder } from "../../order/sign-order.ts";
import { printableLine } from "../../print/printable.ts";
import type { FoundSession } from "../find-session.ts";
import type { ViewLine } from "../roads/session-road.ts";

export interface KeyboardWish {
  context: string | undefined;
  /** Also from whoever holds it. */
  takes: boolean;
}

export interface Keyboard {
  /** Of the order that gave it. */
  order: Digest;
  /** ISO time. */
  until: string;
  /** Whom it was taken from. */
  before: string | null;
  send: (line: ViewLine, typed: Typed) => void;
}

/** As long as somebody types at most without signing again. */
const leaseMs = 3_600_000;
const answerMs = 60_000;

/** Throws what the node refuses, with its code. */
export async function takeKeyboard(
  io: Io,
  { node, session, facts }: FoundSession & { facts: SessionFacts },
  { context, takes }: KeyboardWish,
): Promise<Keyboard> {
  const observer = await createObserver(io, { context });
  const exchange = createExchange();
  const until = new Date(io.nowMs() + leaseMs).toISOString();
  const { half } = exchange;
  const draft = draftOrder(io, observer.context.fleetId, {
    nodes: [node],
    action: { kind: "keyboard", session, run: facts.run, half, until, take: takes },
    reason: "",
    notAfterMs: io.nowMs() + answerMs,
  });
  const signed = await signOrder(io, observer, draft);
  if (signed.kind === "proposed")
    throw new ChimeraError(
      "signatures-missing",
      `the role order needs ${signed.threshold} signatures: a keyboard is given only where one is enough`,
    );
  const [answer] = await collectAnswers(observer, signed.envelope);
  if (answer?.kind === "refused") throw refused(answer.code, answer.reason);
  if (answer?.kind !== "accepted" || answer.session === undefined)
    throw new ChimeraError(
      "deadline-exceeded",
      `${node} does not answer: nobody knows whether it gave the keyboard`,
    );
  if (answer.session.kind === "refused") throw refused(answer.session.code, answer.session.message);
  if (answer.session.kind !== "keyboard")
    throw new ChimeraError("input-invalid", `${node} answered something else`);
  const { id } = signed;
  const key = exchange.keyWith(answer.session.half, id);
  return { order: id, until: answer.session.until, before: answer.session.before, send: sender(id, key) };
}

function refused(code: string, reason: string): ChimeraError {
  return new ChimeraError(isErrorCode(code) ? code : "tool-failed", printableLine(reason));
}

function sender(order: Digest, key: Buffer): Keyboard["send"] {
  let seq = 0;
  const say = (line: ViewLine, typed: Typed): void => {
    seq += 1;
    line.type?.(sealTyped(key, { order, seq, typed }));
  };
  return (line, typed) => {
    if (typed.kind !== "keys") return say(line, typed);
    const bytes = Buffer.from(typed.keys, "base64");
    for (let at = 0; at < bytes.length; at += maxKeyBytes)
      say(line, { kind: "keys", keys: bytes.subarray(at, at + maxKeyBytes).toString("base64") });
  };
}
