import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEnvelope, type Envelope } from "@chimera/proto/signed/envelope";
import { NodeEvent, type NodeEventBody } from "@chimera/proto/event";
import type { Head } from "@chimera/proto/signed/head";
import { createLog } from "@chimera/proto/log";
import { FleetId } from "@chimera/proto/names";
import { NodeStatus } from "@chimera/proto/status";
import { buckets, keys, streams, subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { composeStatus } from "../status-document.ts";
import type { AcceptedHead } from "./accepted.ts";
import { startControl, type ControlSide } from "./control-side.ts";
import {
  createHead,
  createLeaf,
  createSigner,
  fleetId,
  healthSample,
  node,
  sealHead,
  startLeafServer,
  token,
  type LeafServer,
} from "./fleet-fixture.ts";
import { createNatsFixture, type NatsFixture } from "./nats-fixture.ts";

const publisher = createSigner("ops-publish");
const nodeKey = createSigner("n1");
const leafOfA = createLeaf(nodeKey, "a");
const patient = { timeout: 20_000, interval: 50 };

let nats: NatsFixture;
let leaves: LeafServer;
let folder: string;
let control: ControlSide | null = null;
let saved: AcceptedHead[];
let lines: string[];

beforeEach(async () => {
  nats = await createNatsFixture(fleetId, node);
  leaves = await startLeafServer();
  leaves.put([leafOfA]);
  folder = mkdtempSync(join(tmpdir(), "chimera-control-"));
  [saved, lines] = [[], []];
});

afterEach(async () => {
  await control?.stop();
  control = null;
  await leaves.close();
  await nats.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function startNode(accepted: AcceptedHead | null = null): ControlSide {
  control = startControl({
    node,
    fleetId,
    servers: [nats.url],
    nkey: nats.node,
    signer: nodeKey,
    controllerUrl: leaves.url,
    token: () => token,
    publish: { keys: [publisher.publicKey], threshold: 1 },
    outboxFile: join(folder, "outbox.jsonl"),
    accepted,
    floor: null,
    saveAccepted: (next) => saved.push(next),
    status: (acceptance) =>
      composeStatus({
        node,
        fleetId,
        at: new Date().toISOString(),
        agent: { version: "1", path: null, startedAt: "2026-01-01T00:00:00.000Z", bootId: "b" },
        accepted: acceptance.accepted(),
        wanted: acceptance.leaf()?.toplevel ?? null,
        problems: [acceptance.problem()],
        drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
        pass: null,
      }),
    health: () => healthSample,
    hardware: () => Promise.reject(new Error("not here")),
    onJudged: () => undefined,
    log: createLog({ fields: {}, level: "debug", write: (line) => lines.push(line) }),
  });
  return control;
}

async function putHead(document: Envelope | string): Promise<void> {
  const operator = await nats.operator();
  const bucket = await operator.jetstream().views.kv(buckets.desired);
  const text = typeof document === "string" ? document : JSON.stringify(document);
  await bucket.put(keys.desired("head", fleetId), text);
}

const putSigned = (serial: number, over: Partial<Head> = {}) =>
  putHead(sealHead(createHead(serial, [leafOfA], over), publisher));

async function storedEvents(): Promise<NodeEvent[]> {
  const operator = await nats.operator();
  const manager = await operator.jetstreamManager();
  const { state } = await manager.streams.info(streams.events);
  const events: NodeEvent[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(streams.events, { seq });
    events.push(NodeEvent.parse(JSON.parse(message.string())));
  }
  return events;
}

const alarm = (message: string): NodeEventBody => ({ type: "alarm", data: { code: "test", message } });

test("a node that starts before its server connects by nkey, reads the head and tells its signed status", async () => {
  const side = startNode();
  await nats.start();
  await putSigned(1);
  await vi.waitFor(() => expect(saved).toHaveLength(1), patient);
  expect(side.acceptance.leaf()?.toplevel).toBe(leafOfA.toplevel);
  const operator = await nats.operator();
  const bucket = await operator.jetstream().views.kv(buckets.status);
  await vi.waitFor(async () => {
    side.noteChange();
    const entry = await bucket.get(keys.status(fleetId, node));
    const envelope: Envelope = JSON.parse(entry?.string() ?? "null");
    const role = { keys: [nodeKey.publicKey], threshold: 1 };
    const { message } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    expect(message).toMatchObject({ node, wanted: leafOfA.toplevel, accepted: { serial: 1 } });
  }, patient);
});

test("a written head wakes the node at once; what is accepted is on disk and survives as known", async () => {
  await nats.start();
  startNode();
  await putSigned(1);
  await vi.waitFor(() => expect(saved).toHaveLength(1), patient);
  const begun = performance.now();
  await putSigned(2);
  await vi.waitFor(() => expect(saved).toHaveLength(2), patient);
  expect(performance.now() - begun).toBeLessThan(5_000);
  await control?.stop();
  const [, second = null] = saved;
  const side = startNode(second);
  await vi.waitFor(() => expect(side.acceptance.leaf()).not.toBeNull(), patient);
  await side.acceptance.refresh();
  expect(saved).toHaveLength(2);
  expect(side.acceptance.problem()).toBeNull();
});

const otherFleet = FleetId.parse("e".repeat(64));
const other = createSigner("ops-publish");
for (const [name, code, document] of [
  ["an unsigned head", "input-invalid", () => JSON.stringify(createHead(3, [leafOfA]))],
  ["no JSON at all", "input-invalid", () => "\u0000{"],
  ["a head signed by another key", "signature-invalid", () => sealHead(createHead(3, [leafOfA]), other)],
  ["a head of a lower serial", "order-stale", () => sealHead(createHead(1, [leafOfA]), publisher)],
  [
    "another head of the same order",
    "order-equivocation",
    () => sealHead(createHead(2, [leafOfA], { reason: "other bytes" }), publisher),
  ],
  [
    "an expired head",
    "head-expired",
    () => sealHead(createHead(3, [leafOfA], { notAfter: "2020-01-01T00:00:00.000Z" }), publisher),
  ],
  [
    "a head of another fleet",
    "fleet-mismatch",
    () => sealHead(createHead(3, [leafOfA], { fleetId: otherFleet }), publisher),
  ],
  ["a serial far above", "order-jump", () => sealHead(createHead(20_000, [leafOfA]), publisher)],
  [
    "a world without this node",
    "world-unknown",
    () => sealHead(createHead(3, [createLeaf(nodeKey, "b")]), publisher),
  ],
  [
    "a leaf for another node key",
    "leaf-unproven",
    () => {
      const foreign = createLeaf(createSigner("n1"), "c");
      leaves.put([foreign]);
      return sealHead(createHead(3, [foreign]), publisher);
    },
  ],
] satisfies [string, string, () => Envelope | string][]) {
  test(`${name} is refused as ${code}, once, and changes nothing`, async () => {
    await nats.start();
    const side = startNode();
    await putSigned(2);
    await vi.waitFor(() => expect(saved).toHaveLength(1), patient);
    await putHead(document());
    await vi.waitFor(() => expect(side.acceptance.problem()?.code).toBe(code), patient);
    await side.acceptance.refresh();
    await side.acceptance.refresh();
    await vi.waitFor(async () => {
      const refused = (await storedEvents()).filter(({ type }) => type === "head-refused");
      expect(refused).toEqual([expect.objectContaining({ data: expect.objectContaining({ code }) })]);
    }, patient);
    expect(saved).toHaveLength(1);
    expect(side.acceptance.accepted()?.head.serial).toBe(2);
  });
}

test("events wait on disk while NATS is away, over a restart of the agent, and arrive once each", async () => {
  await nats.start();
  const first = startNode();
  first.report(alarm("before"));
  await vi.waitFor(async () => expect(await storedEvents()).toHaveLength(1), patient);
  await nats.kill();
  first.report(alarm("while away 1"));
  first.report(alarm("while away 2"));
  await first.stop();
  startNode().report(alarm("after the restart"));
  await nats.start();
  await vi.waitFor(async () => {
    const messages = (await storedEvents()).map(({ data }) => ("message" in data ? data.message : ""));
    expect(messages).toEqual(["before", "while away 1", "while away 2", "after the restart"]);
  }, patient);
});

test("an event that is sent twice under one id is stored once", async () => {
  await nats.start();
  const operator = await nats.operator();
  const side = startNode();
  side.report(alarm("once"));
  await vi.waitFor(async () => expect(await storedEvents()).toHaveLength(1), patient);
  const [event] = await storedEvents();
  const subject = subjects.event(fleetId, node, "alarm");
  const answer = await operator
    .jetstream()
    .publish(subject, JSON.stringify(event), { msgID: event?.id ?? "" });
  expect(answer.duplicate).toBe(true);
  expect(await storedEvents()).toHaveLength(1);
});

test("a server that forgot the statuses hears this node's again, though nothing changed", async () => {
  await nats.start();
  const { noteChange } = startNode();
  const { views } = (await nats.operator()).jetstream();
  const status = async () => (await views.kv(buckets.status)).get(keys.status(fleetId, node));
  await vi.waitFor(async () => expect(await status()).not.toBeNull(), patient);
  await nats.restartBare();
  await vi.waitFor(() => expect(lines.join("")).toContain("status was not stored"), patient);
  await views.kv(buckets.status).then(noteChange);
  await vi.waitFor(async () => expect(await status()).not.toBeNull(), patient);
});
