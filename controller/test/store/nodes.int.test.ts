import { randomUUID } from "node:crypto";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import type { Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController, connectAsNode } from "../fixture/raw-nats.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";

let fleet: TestFleet;
let n1: NatsConnection;
beforeAll(async () => {
  fleet = await startTestFleet();
  n1 = await connectAsNode(fleet, "n1");
});
afterAll(async () => {
  await n1.close();
  await fleet.stop();
});

function status(node: string, state: string) {
  const at = new Date().toISOString();
  return {
    v: 1,
    node,
    fleetId,
    at,
    state,
    waiting: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    accepted: null,
    wanted: null,
    system: { current: null, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    problem: null,
  };
}

function sendStatus(signer: Signer | undefined, state: string, node = "n1") {
  const envelope = seal("status", status(node, state), signer === undefined ? [] : [signer]);
  n1.publish(subjects.status(fleetId, "n1"), JSON.stringify(envelope));
}

async function view(node: string) {
  return (await fleet.call(`/v1/nodes/${node}`, { role: "viewer" })).json();
}

function sendEvents(count: number, type: "alarm" | "document-refused") {
  for (let i = 0; i < count; i += 1) {
    const event = {
      specversion: "1.0",
      id: randomUUID(),
      source: "n1",
      time: new Date().toISOString(),
      datacontenttype: "application/json",
      type,
      data: { code: "bug", message: `${type} ${i}`, document: "head", id: null, signedBy: [], claims: [] },
    };
    n1.publish(subjects.event(fleetId, "n1", type), JSON.stringify(event));
  }
}

test("lists a registered node that never spoke", async () => {
  const { nodes } = (await fleet.call("/v1/nodes", { role: "viewer" })).json();
  expect(nodes.map(({ node }: { node: string }) => node)).toEqual(["n1", "n2"]);
  expect(nodes[1]).toMatchObject({ status: null, verified: false, beat: null, hardware: null });
});

test("shows a status with whether the registered node key signed it", async () => {
  sendStatus(fleet.nodes.get("n1")?.signer, "committed");
  await eventually("status", async () => (await view("n1")).status?.state === "committed");
  expect((await view("n1")).verified).toBe(true);
  sendStatus(parseSecretKey(generateKey("n1").secret), "held");
  await eventually("status of a stranger's key", async () => (await view("n1")).status?.state === "held");
  expect((await view("n1")).verified).toBe(false);
});

test("refuses what is no status or speaks for another node, and keeps the last one", async () => {
  sendStatus(fleet.nodes.get("n1")?.signer, "idle");
  await eventually("status", async () => (await view("n1")).status?.state === "idle");
  const before = await view("n1");
  sendStatus(fleet.nodes.get("n1")?.signer, "stuck", "n2");
  n1.publish(subjects.status(fleetId, "n1"), "{not json");
  n1.publish(
    subjects.status(fleetId, "n1"),
    JSON.stringify({ payloadType: "x", payload: "", signatures: [] }),
  );
  n1.publish(subjects.beat(fleetId, "n1"), JSON.stringify({ e: 0, s: 9, p: "idle" }));
  await eventually("beat after them", async () => (await view("n1")).beat?.s === 9);
  expect((await view("n1")).status).toEqual(before.status);
  expect((await view("n2")).status).toBeNull();
});

test("knows the fleet again after nats-server was killed, and hears on", async () => {
  const before = await view("n1");
  await n1.close();
  await fleet.nats.restart();
  await eventually("ready again", () => fleet.controller.ready());
  expect(await view("n1")).toEqual(before);
  n1 = await connectAsNode(fleet, "n1");
  sendStatus(fleet.nodes.get("n1")?.signer, "committed");
  await eventually("status after the restart", async () => (await view("n1")).status?.state === "committed");
});

test("reads the newest events of a node by type, however many others came after them", async () => {
  sendEvents(5, "document-refused");
  sendEvents(400, "alarm");
  await n1.flush();
  await eventually("all events stored", async () => {
    const { events } = (await fleet.call("/v1/events?limit=1000", { role: "viewer" })).json();
    return events.length === 405;
  });
  const refused = (
    await fleet.call("/v1/nodes/n1/events?type=document-refused&limit=3", { role: "viewer" })
  ).json();
  const messages = refused.events.map(({ data }: { data: { message: string } }) => data.message);
  expect(messages).toEqual(["document-refused 4", "document-refused 3", "document-refused 2"]);
  const silent = (await fleet.call("/v1/nodes/n2/events", { role: "viewer" })).json();
  expect(silent).toEqual({ events: [] });
  const bad = await fleet.call("/v1/events?limit=5000&type=nonsense", { role: "viewer" });
  expect(
    bad
      .json()
      .errors.map(({ field }: { field: string }) => field)
      .toSorted(),
  ).toEqual(["limit", "type"]);
});

test("keeps a build status and answers for an unknown node with its name", async () => {
  const build = { v: 1, node: "n2", at: new Date().toISOString(), state: "building", done: 3, total: 9 };
  expect((await fleet.call("/v1/nodes/n2/build", { method: "PUT", body: build })).status).toBe(200);
  await eventually("build", async () => (await view("n2")).build?.done === 3);
  const wrong = await fleet.call("/v1/nodes/n1/build", { method: "PUT", body: build });
  expect(wrong.json()).toMatchObject({ status: 422, code: "input-invalid" });
  const unknown = await fleet.call("/v1/nodes/n9", { role: "viewer" });
  expect(unknown.json()).toMatchObject({
    status: 404,
    code: "node-unknown",
    detail: expect.stringContaining("n9"),
  });
  const illegal = await fleet.call("/v1/nodes/N%2e9", { role: "viewer" });
  expect(illegal.json()).toMatchObject({ status: 422, errors: [{ field: "node" }] });
});

test("reads the last values that were there before it started", async () => {
  const { link } = await connectAsController(fleet);
  await link.close();
  const { startController } = await import("../../src/commands/serve.ts");
  const { createLog } = await import("@chimera/proto/log");
  const config = { ...fleet.config, listen: { host: "127.0.0.1", port: 0 } };
  const second = await startController(config, createLog({ fields: {}, write: () => undefined }));
  await eventually("second controller ready", () => second.ready());
  const response = await fetch(`http://127.0.0.1:${second.port}/v1/nodes/n2`, {
    headers: { Authorization: `Bearer ${fleet.tokens.get("viewer") ?? ""}` },
  });
  expect(await response.json()).toMatchObject({ build: { done: 3 } });
  await second.close();
});
