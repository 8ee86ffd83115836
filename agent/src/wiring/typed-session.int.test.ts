/** A command with a terminal, started and typed into by signed orders over a real NATS server; systemd and tmux are real too. */
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import { createExchange, sealTyped, type Typed } from "@chimera/proto/sessions/keyboard";
import { openSessionAnswer, type SessionAnswer } from "@chimera/proto/sessions/order-answer";
import { execSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { fleetId, idOf, node, sealOrder } from "../control/fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../control/node-fixture.ts";
import { keys } from "../control/sessions/keyboard-fixture.ts";
import { watchSession } from "../control/sessions/viewer-fixture.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, ended, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";
import { wireSessionOrders } from "./wire-session-orders.ts";

const patient = { timeout: 20_000, interval: 20 };
const exec: ExecAction = {
  kind: "exec",
  argv: ["cat"],
  copies: 1,
  output: "terminal",
  timeoutSeconds: 600,
  atOnce: null,
};
let machine: SessionsFixture;
let fixture: NodeFixture;
let sessions: HostSessions;
let operator: NatsConnection;

beforeAll(async () => {
  machine = await createSessionsFixture();
});
afterAll(() => machine.dispose());

beforeEach(async () => {
  fixture = await createNodeFixture();
  await fixture.nats.start();
  operator = await fixture.nats.operator();
  sessions = machine.agent();
  const log = createLog({ fields: {}, write: () => undefined });
  const orders = wireSessionOrders({ allowExec: true, execUser: "root" }, sessions, log);
  const control = fixture.start({
    sessions: { sessions, holderOf: orders.holderOf },
    sessionOrders: orders.orders,
  });
  orders.tellTo({
    holder: (name) => control.sessionPost?.noteHolder(name),
    over: (data) => control.report({ type: "keyboard-held", data }),
  });
  while (!(await control.hasContact())) await sleep(50);
});
afterEach(() => fixture.dispose());

async function ordered(envelope: Envelope): Promise<SessionAnswer> {
  const acks = await fixture.listen();
  await fixture.publish(subjects.cmd(fleetId, node), { envelope });
  await vi.waitFor(() => expect(acks).toHaveLength(1), patient);
  const [ack] = acks;
  if (ack === undefined || !("shown" in ack)) throw new Error(JSON.stringify(ack));
  return openSessionAnswer(ack.shown, fixture.nodeKey.publicKey).answer;
}

async function begin(action: ExecAction): Promise<{ session: SessionName; id: Digest }> {
  const order = sealOrder(action);
  const id = idOf(order);
  const [session] = execSessions(id, action);
  if (session === undefined) throw new Error("no session");
  expect(await ordered(order)).toMatchObject({ kind: "started", failed: null });
  return { session, id };
}

async function typistOf(session: SessionName, take = false) {
  const exchange = createExchange();
  const run = sessions.facts(session)?.run;
  if (run === undefined) throw new Error("no session");
  const until = new Date(Date.now() + 60_000).toISOString();
  const order = sealOrder({ kind: "keyboard", session, run, half: exchange.half, until, take });
  const answer = await ordered(order);
  if (answer.kind !== "keyboard") return { answer, send: () => undefined };
  const key = exchange.keyWith(answer.half, idOf(order));
  let seq = 0;
  const send = (typed: Typed): void => {
    seq += 1;
    const message = sealTyped(key, { order: idOf(order), seq, typed });
    operator.publish(subjects.sessionKeys(fleetId, node, session), JSON.stringify(message));
  };
  return { answer, send };
}

test("what is typed is read by the command, seen by who watches, and said to be his who signed for it", async () => {
  const { session } = await begin(exec);
  const view = watchSession(operator, session);
  view.ask();
  const { answer, send } = await typistOf(session);
  expect(answer).toMatchObject({ kind: "keyboard", session, before: null });
  send(keys("hello\r"));
  await vi.waitFor(() => expect(view.text()).toMatch(/hello\r\nhello/u), patient);
  await vi.waitFor(
    () =>
      expect(
        view.frames.map(({ head }) => (head.kind === "facts" ? head.facts.keyboard : null)),
      ).toContainEqual(expect.objectContaining({ holder: "ops (ops-order)" })),
    patient,
  );
  const second = await typistOf(session);
  expect(second.answer).toMatchObject({ kind: "refused", code: "keyboard-held" });
  const taking = await typistOf(session, true);
  expect(taking.answer).toMatchObject({ kind: "keyboard", before: "ops (ops-order)" });
  send(keys("stolen\r"));
  taking.send(keys("mine\r"));
  await vi.waitFor(() => expect(view.text()).toMatch(/mine\r\nmine/u), patient);
  expect(view.text()).not.toContain("stolen");
  const [first] = (await fixture.events()).flatMap((event) =>
    event.type === "keyboard-held" ? [event.data] : [],
  );
  expect(first).toMatchObject({
    session,
    holder: "ops (ops-order)",
    typedBytes: 6,
    reason: "somebody else took it",
  });
  expect(JSON.stringify(await fixture.events())).not.toContain("hello");
  // The end of its input, as a person says it.
  taking.send(keys("\u0004"));
  expect(await ended(sessions, session)).toMatchObject({ state: "ended", exitCode: 0 });
});

test("an order ends what it started, with the signal that it names", async () => {
  const { session, id } = await begin({ ...exec, argv: ["sleep", "1000"], output: "log" });
  const answer = await ordered(sealOrder({ kind: "exec-end", order: id, signal: "SIGINT" }));
  expect(answer).toEqual({ kind: "ended", sessions: [session] });
  expect(await ended(sessions, session)).toMatchObject({ state: "ended", signal: "SIGINT" });
});

test("what ignores SIGTERM is killed by its node when its time is over", { timeout: 60_000 }, async () => {
  const script = "trap '' TERM; echo begun; while :; do sleep 1; done";
  const { session } = await begin({
    ...exec,
    argv: ["sh", "-c", script],
    output: "log",
    timeoutSeconds: 1,
  });
  const facts = await ended(sessions, session);
  expect(facts).toMatchObject({ state: "ended", signal: "SIGKILL", exitCode: null });
  expect(facts.note).toMatch(/ran longer than/u);
});

test("as another user than root it has that user's rights", async () => {
  const log = createLog({ fields: {}, write: () => undefined });
  const { orders } = wireSessionOrders({ allowExec: true, execUser: "nobody" }, sessions, log);
  const action: ExecAction = { ...exec, argv: ["id", "-un"], output: "log" };
  const order = sealOrder(action);
  const opened = { order: { ...JSON.parse(Buffer.from(order.payload, "base64").toString()), action } };
  const answer = await orders?.carryOut({ ...opened, id: idOf(order), signedBy: [] });
  expect(answer).toMatchObject({ kind: "started" });
  const [session] = execSessions(idOf(order), action);
  if (session === undefined) throw new Error("no session");
  const facts = await ended(sessions, session);
  // A user's own systemd, as in these tests, may not become another user: it says so, and nothing runs as root.
  expect(facts.exitCode === 0 ? facts.state : facts.note).toMatch(/ended|systemd/u);
});
