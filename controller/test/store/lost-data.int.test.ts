/** After NATS lost its data: key sets come back by themselves, and heads go on above what nodes report. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import { worldId } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import { expect, test } from "vitest";
import { getFleet, iso, panicFor, publish, put, pushWorld, sealPanic } from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { makeHead, putHead, startBeside } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();

function statusOf(node: string, accepted: object) {
  const at = iso(Date.now());
  return {
    v: 1,
    node,
    fleetId,
    at,
    state: "committed",
    waiting: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    accepted: { ...accepted, acceptedAt: at },
    wanted: null,
    system: { current: null, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    problem: null,
  };
}

test("goes on above what a node reports, names it, and takes the operator's copies back", async () => {
  const leaves = await pushWorld(fleet());
  const first = await publish(fleet(), leaves, { serial: 40 });
  await fleet().nats.restart(() => rmSync(join(fleet().directory, "jetstream"), { recursive: true }));
  await eventually("ready again", () => fleet().controller.ready());
  const n1 = await connectAsNode(fleet(), "n1");
  const { epoch, serial, world } = first.head;
  const signer = fleet().nodes.get("n1")?.signer;
  const status = statusOf("n1", { epoch, serial, id: first.id, world });
  n1.publish(
    subjects.status(fleetId, "n1"),
    JSON.stringify(seal("status", status, signer === undefined ? [] : [signer])),
  );
  await n1.flush();
  const shown = async () => (await fleet().call("/v1/nodes/n1", { role: "viewer" })).json();
  await eventually("status there", async () => (await shown()).verified);
  expect(await getFleet(fleet())).toMatchObject({ head: null, revision: 0, keys: 1 });
  const below = await putHead(fleet(), makeHead(leaves, { serial: 7 }), 0);
  expect(below.json()).toMatchObject({
    code: "order-stale",
    detail: expect.stringMatching(/0\.40, which node n1/),
  });
  const lost = await put(fleet(), "/v1/panic", sealPanic(panicFor(first, worldId(leaves))));
  expect(lost.json()).toMatchObject({ code: "panic-void" });
  const body = { envelope: first.envelope, expectedRevision: 0 };
  const copy = await fleet().call("/v1/head", { method: "PUT", body });
  expect(copy.status, copy.text).toBe(200);
  expect((await put(fleet(), "/v1/panic", sealPanic(panicFor(first, worldId(leaves))))).status).toBe(200);
  const next = await publish(fleet(), leaves);
  expect(next.head.serial).toBe(41);
  await n1.close();
});

test("releases a panic with an empty cache folder: nodes need no world from there", async () => {
  const leaves = await pushWorld(fleet(), "nixos-system-lost");
  await publish(fleet(), leaves);
  const newest = await publish(fleet(), leaves);
  const beside = await startBeside(fleet(), { cacheDir: join(fleet().directory, "empty-cache") });
  const envelope = sealPanic(panicFor(newest, worldId(leaves)));
  const answer = await beside.call("/v1/panic", { method: "PUT", body: { envelope } });
  expect(answer.status, answer.text).toBe(200);
  await beside.close();
});

test("hands a node's signed status out, of one node and on demand of all", async () => {
  const one = (await fleet().call("/v1/nodes/n1", { role: "viewer" })).json();
  expect(one.envelope.payloadType).toContain("status");
  const all = (await fleet().call("/v1/nodes?envelopes=true", { role: "viewer" })).json().nodes;
  expect(all.map(({ envelope }: { envelope?: object }) => envelope ?? null)).toEqual([one.envelope, null]);
  const plain = (await fleet().call("/v1/nodes", { role: "viewer" })).json().nodes;
  expect(plain[0].envelope).toBeUndefined();
  expect((await fleet().call("/v1/nodes?envelopes=maybe")).status).toBe(422);
});
