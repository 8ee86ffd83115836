/** For tests: operators who start something with a terminal and type there, by orders. */
import { execSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionName, SessionRun } from "@chimera/proto/sessions/session";
import type { Typed } from "@chimera/proto/sessions/keyboard";
import { Order } from "@chimera/proto/signed/order";
import { idOf, sealOrder } from "../fleet-fixture.ts";
import { askKeyboard } from "./keyboard-fixture.ts";
import type { SessionOrders } from "./session-orders.ts";

/** A shell's script with a terminal. */
export async function startTyped(orders: SessionOrders, script: string): Promise<SessionName> {
  const action: ExecAction = {
    kind: "exec",
    argv: ["sh", "-c", script],
    copies: 1,
    output: "terminal",
    timeoutSeconds: 600,
    atOnce: null,
  };
  const envelope = sealOrder(action);
  const id = idOf(envelope);
  const order = Order.parse(JSON.parse(Buffer.from(envelope.payload, "base64").toString()));
  const answer = await orders.carryOut({ order, id, signedBy: ["ops-1"] });
  const [session] = execSessions(id, action);
  if (answer.kind !== "started" || answer.failed !== null || session === undefined)
    throw new Error(JSON.stringify(answer));
  return session;
}

interface WantedKeyboard {
  session: SessionName;
  run: SessionRun;
  author: string;
  take: boolean;
}

/** Throws where he does not get it. */
export async function sitDown(orders: SessionOrders, { author, ...action }: WantedKeyboard) {
  const desk = { give: orders.carryOut, take: orders.takeKeys };
  const { answer, id, send: sendNext } = await askKeyboard(desk, author, { action, seconds: undefined });
  if (answer.kind !== "keyboard") throw new Error(JSON.stringify(answer));
  let seq = 0;
  const send = (typed: Typed): void => {
    seq += 1;
    sendNext(seq, typed);
  };
  const type = (text: string) => send({ kind: "keys", keys: Buffer.from(text).toString("base64") });
  return { id, send, type };
}
