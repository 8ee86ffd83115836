import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { Envelope } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import { buckets, keys } from "@chimera/proto/subjects";
import { expect, test } from "vitest";
import { hourMs, idOf, iso, makeOrder, publish, pushWorld, put, sealOrder } from "./documents.ts";
import { connectAsController } from "./raw-nats.ts";
import { fleetId, makeSigner } from "./test-keys.ts";
import { useFleet } from "./use-fleet.ts";

const fleet = useFleet();
let head = "";

const asks = (ask = "pause", change: Parameters<typeof makeOrder>[0] = {}) =>
  makeOrder({ action: { kind: "rollout", head, ask }, ...change });
const send = async (order: Order, signer?: Parameters<typeof sealOrder>[1]) =>
  (await put(fleet(), "/v1/rollout/ask", sealOrder(order, signer))).json();

test("where nobody leads nobody is asked", async () => {
  const leaves = await pushWorld(fleet());
  head = (await publish(fleet(), leaves)).id;
  expect(await send(asks())).toMatchObject({
    code: "not-found",
    detail: expect.stringContaining("no rollout"),
  });
});

test("what is signed for the newest rollout is laid where its lead looks, the newest over the one before", async () => {
  const leaves = await pushWorld(fleet());
  const list: WaveList = {
    v: 1,
    kind: "wave",
    nodes: leaves.map(({ node, nodeKey }) => ({ node, nodeKey })),
  };
  const digest = waveDigest(list);
  await fleet().call(`/v1/waves/${digest}`, { method: "PUT", body: list });
  const limits = { maxFailed: 0, onFailure: "pause", maxUnavailable: null, proven: 50 };
  const rollout = { waves: [{ list: digest, size: 2 }], ...limits, deadline: null, onDeadline: "hold" };
  head = (await publish(fleet(), leaves, { policy: { rollout } })).id;
  for (const ask of ["pause", "resume"]) {
    const envelope = sealOrder(asks(ask));
    const stored = await put(fleet(), "/v1/rollout/ask", envelope);
    expect(stored.json(), stored.text).toMatchObject({ id: idOf(envelope) });
    const { link } = await connectAsController(fleet());
    const bucket = await link.jetstream().views.kv(buckets.desired);
    const found = await bucket.get(keys.rolloutAsk(fleetId));
    expect(Envelope.parse(found?.json())).toEqual(envelope);
    await link.close();
  }
});

test.each([
  [
    "another rollout",
    "rollout-foreign",
    () => asks("pause", { action: { kind: "rollout", head: "c".repeat(64), ask: "pause" } }),
  ],
  ["an order for nodes", "input-invalid", () => makeOrder({ nodes: "all" })],
  ["some nodes only", "order-misaddressed", () => asks("pause", { nodes: ["n1"] })],
  ["one that is too late", "order-expired", () => asks("pause", { notAfter: iso(Date.now() - 1000) })],
  [
    "one of tomorrow",
    "input-invalid",
    () =>
      asks("pause", { createdAt: iso(Date.now() + 24 * hourMs), notAfter: iso(Date.now() + 25 * hourMs) }),
  ],
])("%s is refused as %s", async (_, code, order) => {
  expect(await send(order())).toMatchObject({ code });
});

test("only the order role asks, and only operators store it", async () => {
  expect(await send(asks(), [makeSigner("somebody")])).toMatchObject({ code: "signature-invalid" });
  const body = { envelope: sealOrder(asks()) };
  const byNode = await fleet().call("/v1/rollout/ask", { method: "PUT", body, role: "n1" });
  expect(byNode.json()).toMatchObject({ code: "role-forbidden" });
});

test("it is not carried to nodes as an order", async () => {
  expect((await put(fleet(), "/v1/orders", sealOrder(asks()))).json()).toMatchObject({
    code: "order-misaddressed",
  });
});
