/**
 * SHELL. The keyboard of a node's session for this terminal: asked for by a signed order, answered by the node's signed half of the key. Whoever
 * carries what is typed can neither read it as somebody else's nor type himself.
 */
import { ChimeraError, isErrorCode } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import { createExchange, maxKeyBytes, sealTyped, type Typed } from "@chimera/proto/sessions/keyboard";
import type { SessionAnswer } from "@chimera/proto/sessions/order-answer";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import type { KeyboardHolder, SessionFacts } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import type { NodeAnswer } from "../../order/judge-answers.ts";
import { draftOrder, signHere } from "../../order/sign-order.ts";
import { printableLine } from "../../print/printable.ts";
import type { FoundSession } from "../find-session.ts";
import type { ViewLine } from "../roads/session-road.ts";
import { openOrderRoad, type OrderRoad } from "./order-road.ts";

export interface KeyboardWish {
  context: string | undefined;
  /** Also from whoever holds it. */
  takes: boolean;
}

export interface Keyboard {
  /** Of the order that gave it. */
  order: Digest;
  /** The one by which it was held until then; null: by none. */
  replaced: Digest | null;
  /** ISO time. */
  until: string;
  /** Whom it was taken from. */
  before: string | null;
  send: (line: ViewLine, typed: Typed) => void;
}

type Known = FoundSession & { facts: SessionFacts };

/** As long as somebody types at most without signing again. */
const leaseMs = 3_600_000;
/**
 * The order counts for so long, since clocks differ: that of who signs may be slow, and a node's time is not before what another operator has
 * signed, whose clock was fast (the controller takes ten minutes).
 */
const validMs = 1_800_000;
/** Whoever renews while it is taken from him has another order each time; he does so once an hour. */
const mostTries = 3;

/** Throws what the node refuses, with its code. */
export async function takeKeyboard(
  io: Io,
  found: Known,
  { context, takes }: KeyboardWish,
): Promise<Keyboard> {
  let replaces = found.facts.keyboard?.order ?? null;
  for (let tries = 1; ; tries += 1) {
    const outcome = await ask(io, found, { context, take: takes, replaces });
    if (outcome.kind === "given") return outcome.keyboard;
    // Somebody else holds it than was seen: whoever takes it from anybody takes it from him.
    if (!takes || outcome.held === undefined || tries === mostTries) throw outcome.error;
    replaces = outcome.held.order;
  }
}

/** Of whoever holds it by that order; nobody takes it back so. */
export async function renewKeyboard(
  io: Io,
  found: Known,
  { context, order }: Pick<KeyboardWish, "context"> & { order: Digest },
): Promise<Keyboard> {
  const outcome = await ask(io, found, { context, take: true, replaces: order, renews: true });
  if (outcome.kind === "given") return outcome.keyboard;
  throw outcome.error;
}

interface Wanted extends Pick<KeyboardWish, "context">, Pick<KeyboardAction, "take" | "renews"> {
  replaces: Digest | null;
}

type Outcome =
  | { kind: "given"; keyboard: Keyboard }
  | { kind: "refused"; error: ChimeraError; held: KeyboardHolder | undefined };

async function ask(io: Io, found: Known, { context, ...wanted }: Wanted): Promise<Outcome> {
  const road = await openOrderRoad(io, { context, node: found.node });
  try {
    return await askOver(io, { road, found }, wanted);
  } finally {
    await road.close();
  }
}

async function askOver(
  io: Io,
  { road, found }: { road: OrderRoad; found: Known },
  wanted: Omit<Wanted, "context">,
): Promise<Outcome> {
  const { node, session, facts } = found;
  const exchange = createExchange();
  const until = new Date(io.nowMs() + leaseMs).toISOString();
  const { half } = exchange;
  const draft = draftOrder(io, road.context.fleetId, {
    nodes: [node],
    action: { kind: "keyboard", session, run: facts.run, half, until, ...wanted },
    reason: "",
    notAfterMs: io.nowMs() + validMs,
  });
  const { id, envelope, signedBy, threshold } = await signHere(io, road, draft);
  if (signedBy.length < threshold)
    throw new ChimeraError(
      "signatures-missing",
      `the role order needs ${threshold} signatures: a keyboard is given only where one is enough`,
    );
  const answer = answerOf(await road.ask(envelope), node);
  if (answer.kind === "refused")
    return { kind: "refused", error: refused(answer.code, answer.message), held: answer.held };
  if (answer.kind !== "keyboard") throw new ChimeraError("input-invalid", `${node} answered something else`);
  const key = exchange.keyWith(answer.half, id);
  const { before } = answer;
  const keyboard = {
    order: id,
    replaced: wanted.replaces,
    until: answer.until,
    before,
    send: sender(id, key),
  };
  return { kind: "given", keyboard };
}

/** Throws where the node did not take the order, or nobody knows. */
function answerOf(answer: NodeAnswer | undefined, node: NodeName): SessionAnswer {
  if (answer?.kind === "refused") throw refused(answer.code, answer.reason);
  if (answer?.kind === "unproven")
    throw new ChimeraError("signature-invalid", `${node}: ${printableLine(answer.reason)}`);
  if (answer?.kind === "accepted" && answer.session !== undefined) return answer.session;
  throw new ChimeraError(
    "deadline-exceeded",
    `${node} does not answer: nobody knows whether it gave the keyboard`,
  );
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
