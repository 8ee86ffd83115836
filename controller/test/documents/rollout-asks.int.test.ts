import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import { buckets, keys } from "@chimera/proto/subjects";
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import {
  getFleet,
  hourMs,
  idOf,
  iso,
  makeOrder,
  publish,
  pushWorld,
  put,
  sealOrder,
} from "../fixture/documents.ts";
import { connectAsController } from "../fixture/raw-nats.ts";
import { fleetId, makeSigner } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

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

test("of two who ask at once the one who signed first changes nothing, in whatever sequence they arrive", async () => {
  const now = Date.now();
  const [first, second, tie] = [1_000, 2_000, 2_000].map((ms) =>
    asks(ms === 1_000 ? "pause" : "resume", { createdAt: iso(now + ms) }),
  );
  if (first === undefined || second === undefined || tie === undefined) throw new Error("three asks");
  const stored = await send(second);
  expect(stored).toMatchObject({ id: idOf(sealOrder(second)) });
  expect(await send(first)).toMatchObject({
    code: "order-stale",
    detail: expect.stringContaining("asked for resume"),
  });
  expect(await send({ ...tie, nonce: "e".repeat(32) })).toMatchObject({ code: "order-stale" });
  expect(await send(second)).toEqual(stored);
});

test("of a crowd at once the newest lies there at the end, and every other one was stored before it or refused", async () => {
  const now = Date.now() + 5_000;
  const crowd = Array.from({ length: 12 }, (_, i) => asks("pause", { createdAt: iso(now + ((i * 7) % 12)) }));
  const answers = await Promise.all(crowd.map((order) => send(order)));
  const newest = crowd.reduce((a, b) => (b.createdAt > a.createdAt ? b : a));
  const { link } = await connectAsController(fleet());
  const bucket = await link.jetstream().views.kv(buckets.desired);
  const found = await bucket.get(keys.rolloutAsk(fleetId));
  await link.close();
  expect(idOf(Envelope.parse(found?.json()))).toBe(idOf(sealOrder(newest)));
  const codes = answers.flatMap(({ code }) => (code === undefined ? [] : [code]));
  expect(new Set(codes).difference(new Set(["order-stale"]))).toEqual(new Set());
});

test("what was signed before the lead's last answer is refused, what comes after it is not", async () => {
  const { link } = await connectAsController(fleet());
  const bucket = await link.jetstream().views.kv(buckets.desired);
  const answeredAt = Date.now() + 60_000;
  const answered = { nonce: "d".repeat(32), createdAt: iso(answeredAt) };
  const record = { v: 1, head, lease: 1, phase: "waves", reason: "", at: iso(answeredAt), answered };
  await bucket.put(keys.desired("rollout", fleetId), JSON.stringify(record));
  await bucket.put(keys.rolloutAsk(fleetId), "garbage");
  await link.close();
  expect(await send(asks("abort", { createdAt: iso(answeredAt) }))).toMatchObject({
    code: "order-stale",
    detail: expect.stringContaining("the lead has answered"),
  });
  const after = asks("abort", { createdAt: iso(answeredAt + 1) });
  expect(await send(after)).toMatchObject({ id: idOf(sealOrder(after)) });
});

test("the newest record of the highest lease is shown: that it is over says nobody who can only write", async () => {
  const { link } = await connectAsController(fleet());
  const bucket = await link.jetstream().views.kv(buckets.desired);
  const say = (over: object) =>
    bucket.put(
      keys.desired("rollout", fleetId),
      JSON.stringify({ v: 1, head, lease: 5, phase: "waves", reason: "", at: iso(Date.now()), ...over }),
    );
  const shown = async () => (await getFleet(fleet())).rollout;
  await say({});
  await say({ lease: 4, phase: "paused" });
  expect(await shown()).toMatchObject({ lease: 5, phase: "waves" });
  await say({ phase: "committed" });
  await say({});
  expect(await shown()).toMatchObject({ lease: 5, phase: "waves" });
  await say({ lease: 6, phase: "committed" });
  await say({ lease: 7, phase: "paused" });
  await bucket.put(keys.desired("rollout", fleetId), "garbage");
  expect(await shown()).toMatchObject({ lease: 7, phase: "paused" });
  await say({ head: "e".repeat(64), phase: "staging" });
  expect(await shown()).toMatchObject({ head: "e".repeat(64) });
  await link.close();
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

test("that the fleet went back is the end where it lay in the store while its head consented to that, and not where it came too late", async () => {
  const leaves = await pushWorld(fleet());
  await publish(fleet(), leaves);
  const soon = 4_000;
  const consent = { revertTo: worldId(leaves), consentUntil: iso(Date.now() + soon) };
  head = (await publish(fleet(), leaves, consent)).id;
  const { link } = await connectAsController(fleet());
  const bucket = await link.jetstream().views.kv(buckets.desired);
  const at = iso(Date.now());
  const say = (phase: string, lease: number) =>
    bucket.put(
      keys.desired("rollout", fleetId),
      JSON.stringify({ v: 1, head, lease, phase, reason: "", at }),
    );
  const shown = async () => (await getFleet(fleet())).rollout?.phase;
  await say("returned", 1);
  await say("waves", 2);
  expect(await shown()).toBe("returned");
  const other = await publish(fleet(), leaves, { ...consent, consentUntil: iso(Date.now() + 100) });
  head = other.id;
  await new Promise((done) => setTimeout(done, 200));
  await say("returned", 3);
  await say("waves", 4);
  expect(await shown()).toBe("waves");
  await link.close();
});

test("what everybody has signed is taken back by no record; what only some have signed is no end", async () => {
  const leaves = await pushWorld(fleet());
  const nodes = leaves.map(({ node, nodeKey }) => ({ node, nodeKey }));
  const list: WaveList = { v: 1, kind: "wave", nodes };
  const digest = waveDigest(list);
  await fleet().call(`/v1/waves/${digest}`, { method: "PUT", body: list });
  const limits = { maxFailed: 0, onFailure: "return", maxUnavailable: null, proven: 50 };
  const rollout = { waves: [{ list: digest, size: 2 }], ...limits, deadline: null, onDeadline: "hold" };
  const consent = { revertTo: worldId(leaves), consentUntil: iso(Date.now() + hourMs) };
  head = (await publish(fleet(), leaves, { policy: { rollout }, ...consent })).id;
  const { link } = await connectAsController(fleet());
  const bucket = await link.jetstream().views.kv(buckets.desired);
  const at = iso(Date.now());
  const receipts = leaves.map(({ node, toplevel: target }) => {
    const signer = fleet().nodes.get(node)?.signer;
    if (signer === undefined) throw new Error(`${node} has a key`);
    const times = { ack: at, active: at, pointer: at, boot: at };
    const document = { kind: "head", id: head, epoch: 0, serial: 1 };
    const said = { v: 1, kind: "receipt", fleetId, node, document, target, current: target, times, at };
    return seal("receipt", { ...said, state: "committed" }, [signer]);
  });
  const lay = (some: typeof receipts) =>
    bucket.put(keys.waveReceipts(fleetId, "end"), JSON.stringify({ v: 1, head, receipts: some }));
  const say = (phase: string, lease: number) =>
    bucket.put(
      keys.desired("rollout", fleetId),
      JSON.stringify({ v: 1, head, lease, phase, reason: "", at }),
    );
  const shown = async () => (await getFleet(fleet())).rollout?.phase;
  await lay(receipts.slice(1));
  await say("committed", 1);
  await say("waves", 1);
  expect(await shown()).toBe("waves");
  await lay(receipts);
  await say("returned", 2);
  expect(await shown()).toBe("committed");
  await link.close();
});
