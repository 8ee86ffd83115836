/** Orders that run something, on a real server: once, by whom they should, where they may, and never again. */
import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { openSessionAnswer } from "@chimera/proto/sessions/order-answer";
import { maxExecSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ExecStart } from "../../sessions/exec-starts.ts";
import { fleetId, idOf, node, sealOrder, signers } from "../fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../node-fixture.ts";
import { createKeyboardDesk } from "../sessions/keyboard-desk.ts";
import { createSessionOrders, type SessionOrdersOptions } from "../sessions/session-orders.ts";

const patient = { timeout: 20_000, interval: 50 };
const exec: ExecAction = {
  kind: "exec",
  argv: ["systemctl", "is-active", "a; rm -rf /"],
  copies: 1,
  output: "log",
  timeoutSeconds: 60,
  atOnce: null,
};
let fixture: NodeFixture;
let starts: ExecStart[];
let ended: string[];

beforeEach(async () => {
  fixture = await createNodeFixture();
  await fixture.nats.start();
  [starts, ended] = [[], []];
});
afterEach(() => fixture.dispose());

const arrives = (work: () => void) => vi.waitFor(work, patient);
const send = (envelope: Envelope) => fixture.publish(subjects.cmd(fleetId, node), { envelope });

function factsOf({ name, what, output }: ExecStart): SessionFacts {
  return sessionFacts(name, { kind: "task", what, output, size: { columns: 120, rows: 40 } });
}

async function started(changes: Partial<SessionOrdersOptions> = {}, beforeSave?: () => void) {
  const keyboard = createKeyboardDesk({
    facts: () => null,
    open: () => Promise.reject(new Error("nobody types here")),
    onHolder: () => undefined,
    onTyped: () => undefined,
    onOver: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
  const sessionOrders = createSessionOrders({
    list: () => starts.map((start) => factsOf(start)),
    start(wanted) {
      starts.push(...wanted);
      return Promise.resolve(wanted.map((one) => ({ kind: "started" as const, facts: factsOf(one) })));
    },
    end(name, signal) {
      ended.push(`${name} ${signal}`);
      return Promise.resolve();
    },
    keyboard,
    user: "root",
    ...changes,
  });
  const side = fixture.start({ sessionOrders, ...(beforeSave === undefined ? {} : { beforeSave }) });
  await vi.waitFor(async () => expect(await side.hasContact()).toBe(true), patient);
  return side;
}

test("a command runs once, and whoever sends the order again is told what came of it", async () => {
  await started();
  const acks = await fixture.listen();
  const order = sealOrder({ ...exec, copies: 2 });
  await send(order);
  await arrives(() => expect(acks).toHaveLength(1));
  const [answer] = acks;
  if (answer === undefined || !("shown" in answer)) throw new Error("no answer");
  const key = fixture.nodeKey.publicKey;
  const name = `exec-${idOf(order).slice(0, 12)}`;
  expect(openReceipt(answer.receipt, key).document.id).toBe(idOf(order));
  expect(openSessionAnswer(answer.shown, key)).toMatchObject({
    node,
    order: idOf(order),
    answer: { kind: "started", sessions: [{ name: `${name}-1` }, { name: `${name}-2` }], failed: null },
  });
  expect(starts).toMatchObject([
    { name: `${name}-1`, kind: "task", argv: exec.argv, timeoutMs: 60_000, env: { CHIMERA_COPY: "1" } },
    { name: `${name}-2`, env: { CHIMERA_ORDER: idOf(order), CHIMERA_COPY: "2" } },
  ]);
  expect(fixture.onDisk()?.nonces).toHaveLength(1);
  await send(order);
  await arrives(() => expect(acks).toHaveLength(2));
  expect(acks[1]).toEqual(answer);
  await fixture.stop();
  await started();
  await send(order);
  await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { code: "order-used" } }));
  expect(starts).toHaveLength(2);
});

test("an agent that dies between nonce and start has run nothing, and never will", async () => {
  const acks = await fixture.listen();
  const order = sealOrder(exec);
  // The last line before the start is over, and the first of it is not reached.
  const dies = { start: () => new Promise<never>(() => undefined) };
  await started(dies);
  await send(order);
  await arrives(() => expect(fixture.onDisk()?.nonces).toHaveLength(1));
  await fixture.stop();
  await started();
  await send(order);
  await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { code: "order-used" } }));
  expect(starts).toEqual([]);
});

test("what could not be written down is not run, and runs when it can be", async () => {
  let isFull = true;
  await started({}, () => {
    if (isFull) throw new ChimeraError("file-unreadable", "no space left on device");
  });
  const acks = await fixture.listen();
  const order = sealOrder(exec);
  await send(order);
  await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { code: "file-unreadable" } }));
  expect(starts).toEqual([]);
  isFull = false;
  await send(order);
  await arrives(() => expect(starts).toHaveLength(1));
});

test("a node that was away runs what is still due, once, by the store", async () => {
  const order = sealOrder(exec);
  const late = sealOrder(exec, { notAfter: "2020-01-01T00:00:00.000Z" });
  await fixture.put("order", { v: 1, orders: [order, late] });
  await started();
  await arrives(() => expect(starts).toHaveLength(1));
  await fixture.put("order", { v: 1, orders: [order, late] });
  await fixture.stop();
  await started();
  expect(starts.map(({ name }) => name)).toEqual([`exec-${idOf(order).slice(0, 12)}`]);
});

test("it runs nowhere else, never late, by no other key, and no more than there is room for", async () => {
  await started();
  const acks = await fixture.listen();
  for (const [order, code] of [
    [sealOrder(exec, { nodes: [NodeName.parse("n2")] }), "order-misaddressed"],
    [sealOrder(exec, { notAfter: "2020-01-01T00:00:00.000Z" }), "order-expired"],
    [sealOrder(exec, {}, signers.publish), "signature-invalid"],
    [sealOrder(exec, {}, signers.panic), "signature-invalid"],
    [sealOrder(exec, {}, fixture.nodeKey), "signature-invalid"],
  ] as const) {
    await send(order);
    await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { id: idOf(order), code } }));
  }
  expect(starts).toEqual([]);
  await send(sealOrder({ ...exec, copies: maxExecSessions }));
  await arrives(() => expect(starts).toHaveLength(maxExecSessions));
  const oneMore = sealOrder(exec);
  await send(oneMore);
  await arrives(() =>
    expect(acks.at(-1)).toMatchObject({ refused: { id: idOf(oneMore), code: "overloaded" } }),
  );
});

test("where the node's system does not let orders run anything, none does", async () => {
  const side = fixture.start();
  await vi.waitFor(async () => expect(await side.hasContact()).toBe(true), patient);
  const acks = await fixture.listen();
  const order = sealOrder(exec);
  await send(order);
  await arrives(() =>
    expect(acks.at(-1)).toMatchObject({
      refused: { id: idOf(order), code: "exec-forbidden", message: expect.stringContaining("allowExec") },
    }),
  );
});

test("what could not be started is told, signed, and the order is used up", async () => {
  await started({
    start: (wanted) =>
      Promise.resolve(
        wanted.map(({ name }) => ({
          kind: "refused" as const,
          name,
          code: "command-missing",
          message: "there is no program systemctl on this node",
        })),
      ),
  });
  const acks = await fixture.listen();
  await send(sealOrder(exec));
  await arrives(() => expect(acks).toHaveLength(1));
  const [answer] = acks;
  if (answer === undefined || !("shown" in answer)) throw new Error("no answer");
  expect(openSessionAnswer(answer.shown, fixture.nodeKey.publicKey).answer).toEqual({
    kind: "started",
    sessions: [],
    failed: { code: "command-missing", message: "there is no program systemctl on this node" },
  });
});

test("an order ends what another one started, and nothing else", async () => {
  await started();
  const acks = await fixture.listen();
  const [one, other] = [sealOrder({ ...exec, copies: 2 }), sealOrder(exec)];
  await send(one);
  await send(other);
  await arrives(() => expect(starts).toHaveLength(3));
  await send(sealOrder({ kind: "exec-end", order: idOf(one), signal: "SIGINT" }));
  await arrives(() => expect(ended).toHaveLength(2));
  const name = `exec-${idOf(one).slice(0, 12)}`;
  expect(ended).toEqual([`${name}-1 SIGINT`, `${name}-2 SIGINT`]);
  await arrives(() => expect(acks).toHaveLength(3));
  const answer = acks[2];
  if (answer === undefined || !("shown" in answer)) throw new Error("no answer");
  expect(openSessionAnswer(answer.shown, fixture.nodeKey.publicKey).answer).toEqual({
    kind: "ended",
    sessions: [`${name}-1`, `${name}-2`],
  });
});
