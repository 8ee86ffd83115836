/** Orders that run or type something, what nodes answer, and keys as they are typed. */
import type { z } from "zod";
import { KeyMessage, sealTyped, type Typed } from "../src/sessions/keyboard.ts";
import { execSessions, type ExecAction, type KeyboardAction } from "../src/sessions/session-order.ts";
import { SessionAnswered, type SessionAnswer } from "../src/sessions/order-answer.ts";
import { SessionFacts, SessionName, SessionRun } from "../src/sessions/session.ts";
import { NodeEvent } from "../src/event.ts";
import { Digest } from "../src/names.ts";
import { Envelope, seal } from "../src/signed/envelope.ts";
import { Order } from "../src/signed/order.ts";
import * as fleet from "./test-fleet.ts";

const { minutes, orderOf, signOrder } = fleet;
const half = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const exec: ExecAction = {
  kind: "exec",
  argv: ["sh", "-c", "systemctl is-active nginx; echo 'ä'"],
  copies: 2,
  output: "log",
  timeoutSeconds: 600,
  atOnce: 3,
};
const session = SessionName.parse("exec-0123456789ab");
const run = SessionRun.parse("0123456789abcdef");
const keyboard: KeyboardAction = {
  kind: "keyboard",
  session,
  run,
  half: half(1),
  until: minutes(60),
  take: true,
};
const renewing: KeyboardAction = {
  ...keyboard,
  replaces: Digest.parse("b".repeat(64)),
  renews: true,
};
const execOrder = orderOf(exec, "8", { nodes: "all", reason: "is it up?" });
const keyboardOrder = orderOf(keyboard, "9");
const renewalOrder = orderOf(renewing, "b");
const endOrder = orderOf(
  { kind: "exec-end", order: fleet.idOf(signOrder(execOrder)), signal: "SIGTERM" },
  "a",
);
const answered = (order: Order, answer: SessionAnswer): SessionAnswered => ({
  v: 1,
  kind: "answer",
  fleetId: fleet.fleetId,
  node: fleet.node,
  order: fleet.idOf(signOrder(order)),
  answer,
});
const started = answered(execOrder, {
  kind: "started",
  sessions: execSessions(fleet.idOf(signOrder(execOrder)), { copies: 1 }).map((name) => ({ name, run })),
  failed: { code: "tool-failed", message: "systemd-run: no space left on device" },
});
const given = answered(keyboardOrder, {
  kind: "keyboard",
  session,
  run,
  half: half(2),
  until: minutes(60),
  before: "anna (anna-1)",
});
const refused = answered(keyboardOrder, {
  kind: "refused",
  code: "keyboard-held",
  message: "anna (anna-1) holds it until 13:00",
});
const refusedHeld = answered(renewalOrder, {
  kind: "refused",
  code: "keyboard-held",
  message: "anna (anna-1) holds it until 13:00",
  held: { order: Digest.parse("c".repeat(64)), holder: "anna (anna-1)", until: minutes(60) },
});
const facts: SessionFacts = {
  name: session,
  kind: "task",
  run,
  state: "running",
  what: "bash, for ops@example",
  createdAt: minutes(1),
  endedAt: null,
  exitCode: null,
  signal: null,
  size: { columns: 120, rows: 40 },
  output: "terminal",
  bytes: 17,
  viewers: 1,
  keyboard: { order: fleet.idOf(signOrder(keyboardOrder)), holder: "ops (ops-1)", until: minutes(60) },
};
const key = Buffer.alloc(32, 7);
const typed = (seq: number, what: Typed) =>
  sealTyped(key, { order: Digest.parse("a".repeat(64)), seq, typed: what });

const heldEvent: NodeEvent = {
  specversion: "1.0",
  id: "n1-0-3",
  source: fleet.node,
  time: minutes(40),
  datacontenttype: "application/json",
  type: "keyboard-held",
  data: {
    session,
    order: fleet.idOf(signOrder(keyboardOrder)),
    holder: "ops (ops-1)",
    since: minutes(1),
    typedBytes: 17,
    refused: 0,
    reason: "its holder gave it back",
  },
};

export const goldenSessions: Record<string, { schema: z.ZodType; message: unknown }> = {
  "order-exec": { schema: Order, message: execOrder },
  "order-exec-envelope": { schema: Envelope, message: signOrder(execOrder) },
  "order-keyboard": { schema: Order, message: keyboardOrder },
  "order-keyboard-envelope": { schema: Envelope, message: signOrder(keyboardOrder) },
  "order-keyboard-renewal": { schema: Order, message: renewalOrder },
  "order-exec-end": { schema: Order, message: endOrder },
  "session-ended": {
    schema: SessionAnswered,
    message: answered(endOrder, { kind: "ended", sessions: [session] }),
  },
  "session-started": { schema: SessionAnswered, message: started },
  "session-started-envelope": { schema: Envelope, message: seal("answer", started, [fleet.nodeSigner]) },
  "session-keyboard": { schema: SessionAnswered, message: given },
  "session-refused": { schema: SessionAnswered, message: refused },
  "session-refused-held": { schema: SessionAnswered, message: refusedHeld },
  "session-facts": { schema: SessionFacts, message: facts },
  "event-keyboard-held": { schema: NodeEvent, message: heldEvent },
  "keys-typed": { schema: KeyMessage, message: typed(1, { kind: "keys", keys: "bHMNCg==" }) },
  "keys-size": {
    schema: KeyMessage,
    message: typed(2, { kind: "size", size: { columns: 80, rows: 24 } }),
  },
  "keys-release": { schema: KeyMessage, message: typed(3, { kind: "release" }) },
};
