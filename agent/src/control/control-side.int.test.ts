import { openEnvelope, type Envelope } from "@chimera/proto/signed/envelope";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Head } from "@chimera/proto/signed/head";
import { FleetId } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";
import { buckets, keys, subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createHead, createLeaf, createSigner, fleetId, node, sealHead } from "./fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "./node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };

let fixture: NodeFixture;
let leafOfA: Leaf;

beforeEach(async () => {
  fixture = await createNodeFixture();
  leafOfA = createLeaf(fixture.nodeKey, "a");
  fixture.leaves.put([leafOfA]);
});

afterEach(() => fixture.dispose());

const putSigned = (serial: number, over: Partial<Head> = {}) =>
  fixture.put("head", sealHead(createHead(serial, [leafOfA], over)));
const serialOnDisk = () => fixture.onDisk()?.head?.head.serial;

const alarm = (message: string): NodeEventBody => ({ type: "alarm", data: { code: "test", message } });

test("a node that starts before its server connects by nkey, reads the head and tells its signed status", async () => {
  const side = fixture.start();
  await fixture.nats.start();
  await putSigned(1);
  await vi.waitFor(() => expect(serialOnDisk()).toBe(1), patient);
  expect(side.keeper.leaf()?.toplevel).toBe(leafOfA.toplevel);
  const operator = await fixture.nats.operator();
  const bucket = await operator.jetstream().views.kv(buckets.status);
  await vi.waitFor(async () => {
    side.noteChange();
    const entry = await bucket.get(keys.status(fleetId, node));
    const envelope: Envelope = JSON.parse(entry?.string() ?? "null");
    const role = { keys: [fixture.nodeKey.publicKey], threshold: 1 };
    const { message } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    expect(message).toMatchObject({ node, wanted: leafOfA.toplevel, accepted: { serial: 1 } });
  }, patient);
});

test("a written head wakes the node at once; what is accepted is on disk and survives as known", async () => {
  await fixture.nats.start();
  fixture.start();
  await putSigned(1);
  await vi.waitFor(() => expect(serialOnDisk()).toBe(1), patient);
  const begun = performance.now();
  await putSigned(2);
  await vi.waitFor(() => expect(serialOnDisk()).toBe(2), patient);
  expect(performance.now() - begun).toBeLessThan(5_000);
  await fixture.stop();
  const kept = fixture.onDisk();
  const side = fixture.start();
  expect(side.keeper.leaf()?.toplevel).toBe(leafOfA.toplevel);
  await side.refresh();
  expect(fixture.onDisk()).toEqual(kept);
  expect(side.keeper.problem()).toBeNull();
});

const otherFleet = FleetId.parse("e".repeat(64));
const other = createSigner("ops-publish");
for (const [name, code, document] of [
  ["an unsigned head", "input-invalid", () => JSON.stringify(createHead(3, [leafOfA]))],
  ["no JSON at all", "input-invalid", () => "\u0000{"],
  ["a head signed by another key", "signature-invalid", () => sealHead(createHead(3, [leafOfA]), other)],
  ["a head of a lower serial", "order-stale", () => sealHead(createHead(1, [leafOfA]))],
  [
    "another head of the same order",
    "order-equivocation",
    () => sealHead(createHead(2, [leafOfA], { reason: "other bytes" })),
  ],
  [
    "an expired head",
    "head-expired",
    () => sealHead(createHead(3, [leafOfA], { notAfter: "2020-01-01T00:00:00.000Z" })),
  ],
  [
    "a head of another fleet",
    "fleet-mismatch",
    () => sealHead(createHead(3, [leafOfA], { fleetId: otherFleet })),
  ],
  ["a serial far above", "order-jump", () => sealHead(createHead(20_000, [leafOfA]))],
  [
    "a world without this node",
    "world-unknown",
    () => sealHead(createHead(3, [createLeaf(fixture.nodeKey, "b")])),
  ],
  [
    "a leaf for another node key",
    "leaf-unproven",
    () => {
      const foreign = createLeaf(createSigner("n1"), "c");
      fixture.leaves.put([foreign]);
      return sealHead(createHead(3, [foreign]));
    },
  ],
] satisfies [string, string, () => Envelope | string][]) {
  test(`${name} is refused as ${code}, once, and changes nothing`, async () => {
    await fixture.nats.start();
    const side = fixture.start();
    await putSigned(2);
    await vi.waitFor(() => expect(serialOnDisk()).toBe(2), patient);
    const kept = fixture.onDisk();
    await fixture.put("head", document());
    await vi.waitFor(() => expect(side.keeper.problem()?.code).toBe(code), patient);
    await side.refresh();
    await side.refresh();
    await vi.waitFor(async () => {
      const refused = (await fixture.events()).filter(({ type }) => type === "document-refused");
      expect(refused).toEqual([expect.objectContaining({ data: expect.objectContaining({ code }) })]);
    }, patient);
    expect({ ...fixture.onDisk(), equivocation: null }).toEqual(kept);
    expect(side.keeper.state()?.head?.head.serial).toBe(2);
  });
}

test("events wait on disk while NATS is away, over a restart of the agent, and arrive once each", async () => {
  await fixture.nats.start();
  const first = fixture.start();
  first.report(alarm("before"));
  await vi.waitFor(async () => expect(await fixture.events()).toHaveLength(1), patient);
  await fixture.nats.kill();
  first.report(alarm("while away 1"));
  first.report(alarm("while away 2"));
  await first.stop();
  fixture.start().report(alarm("after the restart"));
  await fixture.nats.start();
  await vi.waitFor(async () => {
    const messages = (await fixture.events()).map(({ data }) => ("message" in data ? data.message : ""));
    expect(messages).toEqual(["before", "while away 1", "while away 2", "after the restart"]);
  }, patient);
});

test("an event that is sent twice under one id is stored once", async () => {
  await fixture.nats.start();
  const operator = await fixture.nats.operator();
  const side = fixture.start();
  side.report(alarm("once"));
  await vi.waitFor(async () => expect(await fixture.events()).toHaveLength(1), patient);
  const [event] = await fixture.events();
  const subject = subjects.event(fleetId, node, "alarm");
  const answer = await operator
    .jetstream()
    .publish(subject, JSON.stringify(event), { msgID: event?.id ?? "" });
  expect(answer.duplicate).toBe(true);
  expect(await fixture.events()).toHaveLength(1);
});

test("a server that forgot the statuses hears this node's again, though nothing changed", async () => {
  await fixture.nats.start();
  const { noteChange } = fixture.start();
  const { views } = (await fixture.nats.operator()).jetstream();
  const status = async () => (await views.kv(buckets.status)).get(keys.status(fleetId, node));
  await vi.waitFor(async () => expect(await status()).not.toBeNull(), patient);
  await fixture.nats.restartBare();
  await vi.waitFor(() => expect(fixture.lines.join("")).toContain("status was not stored"), patient);
  await views.kv(buckets.status).then(noteChange);
  await vi.waitFor(async () => expect(await status()).not.toBeNull(), patient);
});
