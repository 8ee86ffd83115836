import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { openOrder } from "@chimera/proto/signed/order";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getFleet, hourMs, iso, makeOrder, put, sealOrder } from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController, connectAsNode } from "../fixture/raw-nats.ts";
import { fleetId, fleetKeys, makeSigner, roleOf } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let n1: NatsConnection;
let answer: (id: string) => unknown;
beforeAll(async () => {
  n1 = await connectAsNode(fleet(), "n1");
  n1.subscribe(subjects.cmd(fleetId, "n1"), {
    callback: (_error, message) => {
      const { envelope } = message.json<{ envelope: Envelope }>();
      const { id } = openOrder(envelope, roleOf(fleetKeys.order));
      n1.publish(subjects.ack(fleetId, "n1"), JSON.stringify(answer(id)));
    },
  });
  await n1.flush();
});
afterAll(() => n1.close());

function receipt(id: string, node = "n1", signer = fleet().nodes.get(node)?.signer ?? makeSigner("n1")) {
  const at = iso(Date.now());
  const message = {
    v: 1,
    kind: "receipt",
    fleetId,
    node,
    document: { kind: "order", id, epoch: null, serial: null },
    state: "idle",
    target: null,
    current: null,
    times: { ack: at, active: null, pointer: null, boot: null },
    at,
  };
  return seal("receipt", message, [signer]);
}

async function standing() {
  return (await fleet().call("/v1/orders", { role: "viewer" })).json().orders;
}

test("carries an order to its nodes, hands out their signed receipts and names the silent ones", async () => {
  answer = (id) => receipt(id);
  const envelope = sealOrder(makeOrder());
  const sent = await put(fleet(), "/v1/orders", envelope);
  expect(sent.status, sent.text).toBe(200);
  const { id, answers } = sent.json();
  expect(id).toBe(openOrder(envelope, roleOf(fleetKeys.order)).id);
  expect(answers).toEqual([
    {
      node: "n1",
      answer: {
        kind: "accepted",
        receipt: expect.objectContaining({ payloadType: expect.stringContaining("receipt") }),
      },
    },
    { node: "n2", answer: { kind: "silent" } },
  ]);
  expect(await standing()).toEqual([envelope]);
});

test("hands a refusal on, and does not wait when all have answered", async () => {
  answer = (id) => ({ refused: { id, code: "order-stale", message: "a newer hold" } });
  const started = performance.now();
  const sent = await put(fleet(), "/v1/orders", sealOrder(makeOrder({ nodes: ["n1"] })));
  expect(sent.json().answers).toEqual([
    { node: "n1", answer: { kind: "refused", code: "order-stale", message: "a newer hold" } },
  ]);
  expect(performance.now() - started).toBeLessThan(1500);
});

test.each([
  ["that another key signed", (id: string) => receipt(id, "n1", makeSigner("n1"))],
  ["of another node", (id: string) => receipt(id, "n2")],
  ["of another order", () => receipt("c".repeat(64))],
  ["that is none", () => "nonsense"],
])("takes no receipt %s for an answer", async (_what, wrong) => {
  answer = wrong;
  const sent = await put(fleet(), "/v1/orders", sealOrder(makeOrder({ nodes: ["n1"] })));
  expect(sent.json().answers).toEqual([{ node: "n1", answer: { kind: "silent" } }]);
});

test("sends an order again without keeping it twice, and refuses another one with its nonce", async () => {
  answer = (id) => receipt(id);
  const order = makeOrder({ nodes: ["n1"] });
  const envelope = sealOrder(order);
  await put(fleet(), "/v1/orders", envelope);
  const before = (await standing()).length;
  const again = await put(fleet(), "/v1/orders", envelope);
  expect(again.json().answers[0].answer.kind).toBe("accepted");
  expect(await standing()).toHaveLength(before);
  const twin = sealOrder({ ...order, reason: "another" });
  expect((await put(fleet(), "/v1/orders", twin)).json()).toMatchObject({ code: "order-used" });
});

test("forgets a standing order whose time is over, and what somebody else put between them", async () => {
  answer = (id) => receipt(id);
  const short = sealOrder(makeOrder({ nodes: ["n1"], notAfter: iso(Date.now() + 1500) }));
  expect((await put(fleet(), "/v1/orders", short)).status).toBe(200);
  expect(await standing()).toContainEqual(short);
  await eventually(
    "it is over",
    async () => !(await standing()).some((one: Envelope) => one.payload === short.payload),
  );
  const { link } = await connectAsController(fleet());
  const forged = sealOrder(makeOrder(), [makeSigner("ops-order")]);
  await link
    .jetstream()
    .publish(subjects.desired("order", fleetId), JSON.stringify({ v: 1, orders: [forged] }));
  expect(await standing()).toEqual([]);
  await link.jetstream().publish(subjects.desired("order", fleetId), "garbage");
  const kept = sealOrder(makeOrder({ nodes: ["n1"] }));
  expect((await put(fleet(), "/v1/orders", kept)).status).toBe(200);
  expect(await standing()).toEqual([kept]);
  await link.close();
});

test("keeps all of several orders that come at the same time", async () => {
  answer = (id) => receipt(id);
  const envelopes = Array.from({ length: 6 }, () => sealOrder(makeOrder({ nodes: ["n1"] })));
  const sent = await Promise.all(envelopes.map((envelope) => put(fleet(), "/v1/orders", envelope)));
  expect(sent.map(({ status }) => status)).toEqual(envelopes.map(() => 200));
  expect(await standing()).toEqual(expect.arrayContaining(envelopes));
});

test("keeps the newest quarantine list through garbage, and puts it back on top when it is sent again", async () => {
  const found = async () => (await fleet().call("/v1/quarantine", { role: "viewer" })).json().envelope;
  expect(await found()).toBeNull();
  const action = {
    kind: "quarantine",
    serial: 1,
    toplevels: [`/nix/store/${"0".repeat(32)}-bad`],
    pardoned: [],
  };
  const list = sealOrder(makeOrder({ action, notAfter: iso(Date.now() + 24 * hourMs) }));
  const first = await put(fleet(), "/v1/quarantine", list);
  expect((await put(fleet(), "/v1/quarantine", list)).json()).toEqual(first.json());
  const { link } = await connectAsController(fleet());
  await link.jetstream().publish(subjects.desired("quarantine", fleetId), "garbage");
  expect(await found()).toEqual(list);
  expect((await put(fleet(), "/v1/quarantine", list)).json().revision).toBeGreaterThan(first.json().revision);
  const got = await n1.request(subjects.desiredGet("quarantine", fleetId), "");
  expect(got.json()).toEqual(list);
  expect((await getFleet(fleet())).head).toBeNull();
  await link.close();
});
