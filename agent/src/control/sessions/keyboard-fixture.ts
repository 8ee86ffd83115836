/** For tests: an operator who asks a desk for a keyboard and types, as his chimera does. */
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { createExchange, sealTyped, type Typed } from "@chimera/proto/sessions/keyboard";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import { Order } from "@chimera/proto/signed/order";
import type { KeyboardDesk } from "./keyboard-desk.ts";

interface Wish {
  action: Pick<KeyboardAction, "session" | "run"> & Partial<KeyboardAction>;
  /** When he signed it; undefined: after all that were signed before. */
  seconds: number | undefined;
}

let orders = 0;

/** Whoever takes it from anybody names whoever the node says holds it, unless told otherwise. */
export async function askKeyboard(desk: Pick<KeyboardDesk, "give" | "take">, author: string, wish: Wish) {
  const asked = await askOnce(desk, author, wish);
  const held = asked.answer.kind === "refused" ? asked.answer.held : undefined;
  const { take = false, replaces } = wish.action;
  if (held === undefined || !take || replaces !== undefined) return asked;
  return askOnce(desk, author, { ...wish, action: { ...wish.action, replaces: held.order } });
}

async function askOnce(
  desk: Pick<KeyboardDesk, "give" | "take">,
  author: string,
  { action: wish, seconds }: Wish,
) {
  orders += 1;
  const exchange = createExchange();
  const action: KeyboardAction = {
    kind: "keyboard",
    half: exchange.half,
    until: new Date(Date.now() + 60_000).toISOString(),
    take: false,
    replaces: null,
    ...wish,
  };
  const order = Order.parse({
    v: 1,
    kind: "order",
    fleetId: "f".repeat(64),
    nonce: orders.toString(16).padStart(32, "0"),
    nodes: ["n1"],
    createdAt: new Date(Date.parse("2026-11-23T12:00:00Z") + (seconds ?? orders) * 1000).toISOString(),
    notAfter: action.until,
    author,
    reason: "",
    action,
  });
  const id = sha256(Buffer.from(JSON.stringify(order)));
  const answer = await desk.give({ order, action, id, signedBy: [`${author}-1`] });
  const key = answer.kind === "keyboard" ? exchange.keyWith(answer.half, id) : Buffer.alloc(32);
  const send = (seq: number, what: Typed, forged: { key?: Buffer; order?: Digest } = {}) => {
    const message = sealTyped(forged.key ?? key, { order: forged.order ?? id, seq, typed: what });
    desk.take(action.session, Buffer.from(JSON.stringify(message)));
  };
  return { answer, key, id, send, type: (seq: number, text: string) => send(seq, keys(text)) };
}

/** One byte for each character. */
export const keys = (text: string): Typed => ({
  kind: "keys",
  keys: Buffer.from(text, "latin1").toString("base64"),
});
