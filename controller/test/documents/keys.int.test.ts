/** Key sets in the store: walked, rotated, raced for, lost and put back. */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { getFleet, publish, put, pushWorld } from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController, connectAsNode } from "../fixture/raw-nats.ts";
import { makeHead, putHead, startBeside, startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId, fleetKeys, keySet1, makeKeySet, makeSigner, roleOf } from "../fixture/test-keys.ts";

const { root } = fleetKeys;
const newRoot = makeSigner("ops-root");
const newPublish = makeSigner("ops-publish");
let fleet: TestFleet;
beforeEach(async () => {
  fleet = await startTestFleet();
});
afterEach(() => fleet.stop());

/** Version 2: another root and another publish key. */
function rotation(change: object = {}): Envelope {
  const roles = { root: roleOf(newRoot), publish: roleOf(newPublish) };
  return seal("keys", makeKeySet({ version: 2, fleetId, roles, ...change }), [root, newRoot]);
}

async function chain(call: TestFleet["call"] = fleet.call): Promise<Envelope[]> {
  return (await call("/v1/keys", { role: "viewer" })).json().keySets;
}

async function nodeFinds(version: number): Promise<unknown> {
  const n1 = await connectAsNode(fleet, "n1");
  const got = await n1.request(subjects.keySetGet(fleetId, version), "");
  await n1.close();
  return got.headers?.code === 404 ? null : got.json();
}

test("puts the pinned key set where nodes find it, and hands the chain out", async () => {
  expect(await chain()).toEqual([keySet1]);
  expect(await nodeFinds(1)).toEqual(keySet1);
  expect((await getFleet(fleet)).keys).toBe(1);
});

test("rotates root and publish key with the fleet online: new heads count by the new key, the old head stays", async () => {
  const leaves = await pushWorld(fleet);
  const old = await publish(fleet, leaves);
  const stored = await put(fleet, "/v1/keys", rotation());
  expect(stored.status, stored.text).toBe(200);
  expect((await put(fleet, "/v1/keys", rotation())).json()).toMatchObject({ id: stored.json().id });
  const view = await getFleet(fleet);
  expect(view).toMatchObject({ keys: 2, head: { id: old.id } });
  const next = makeHead(leaves, { serial: 2, previous: old.id });
  const retired = await putHead(fleet, next, view.revision);
  expect(retired.json()).toMatchObject({ code: "signature-invalid" });
  const envelope = seal("head", next, [newPublish]);
  const body = { envelope, expectedRevision: view.revision };
  expect((await fleet.call("/v1/head", { method: "PUT", body })).status).toBe(200);
  expect(await nodeFinds(2)).toEqual(rotation());
});

test("does not count what a retired key wrote straight to NATS after its rotation", async () => {
  const leaves = await pushWorld(fleet);
  const old = await publish(fleet, leaves);
  await put(fleet, "/v1/keys", rotation());
  const { link } = await connectAsController(fleet);
  const late = seal("head", makeHead(leaves, { serial: 9, previous: old.id }), [fleetKeys.publish]);
  await link.jetstream().publish(subjects.desired("head", fleetId), JSON.stringify(late));
  await link.close();
  expect((await getFleet(fleet)).head.id).toBe(old.id);
});

test("puts the newest key set back on top at once when it is sent again after somebody wrote past it", async () => {
  await put(fleet, "/v1/keys", rotation());
  const { link } = await connectAsController(fleet);
  await link.jetstream().publish(subjects.keySet(fleetId, 2), JSON.stringify(keySet1));
  await link.close();
  expect(await nodeFinds(2)).toEqual(keySet1);
  expect((await put(fleet, "/v1/keys", rotation())).status).toBe(200);
  expect(await nodeFinds(2)).toEqual(rotation());
});

test("lets exactly one of two key sets of one version in", async () => {
  const envelopes = ["a", "b"].map((name) =>
    rotation({ expires: name === "a" ? "2090-01-01T00:00:00.000Z" : "2091-01-01T00:00:00.000Z" }),
  );
  const answers = await Promise.all(envelopes.map((envelope) => put(fleet, "/v1/keys", envelope)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  const winner = envelopes[answers.findIndex(({ status }) => status === 200)];
  expect(await chain()).toEqual([keySet1, winner]);
});

test("lets of a head and the rotation of its key that come together none in under a key that is retired", async () => {
  const leaves = await pushWorld(fleet);
  const { head, revision } = await getFleet(fleet);
  expect(head).toBeNull();
  const [stored] = await Promise.all([
    putHead(fleet, makeHead(leaves), revision),
    put(fleet, "/v1/keys", rotation()),
  ]);
  const view = await getFleet(fleet);
  expect(view.keys).toBe(2);
  expect(view.head?.id ?? null).toBe(stored.status === 200 ? stored.json().id : null);
});

test("knows its key sets after a restart, and puts them back when NATS lost its data", async () => {
  await put(fleet, "/v1/keys", rotation());
  expect(readdirSync(join(fleet.config.cacheDir, "keys")).toSorted()).toEqual(["1.json", "2.json"]);
  await fleet.nats.restart(() => rmSync(join(fleet.directory, "jetstream"), { recursive: true }));
  await eventually("ready again", () => fleet.controller.ready());
  expect(await nodeFinds(2)).toEqual(rotation());
  expect(await chain()).toEqual([keySet1, rotation()]);
  const second = await startBeside(fleet);
  expect(await chain(second.call)).toEqual([keySet1, rotation()]);
  await second.close();
});

test("reads the chain of a newer pinned key set from the first, and one of its own from NATS", async () => {
  await put(fleet, "/v1/keys", rotation());
  const cacheDir = join(fleet.directory, "other-cache");
  const pinned = await startBeside(fleet, { cacheDir, trustedKeys: rotation() });
  expect(await chain(pinned.call)).toEqual([keySet1, rotation()]);
  await pinned.close();
  const fresh = await startBeside(fleet, { cacheDir: join(fleet.directory, "third-cache") });
  expect((await fresh.call("/v1/fleet", { role: "viewer" })).json().keys).toBe(2);
  await fresh.close();
});

test("refuses garbage under every key, says so, and goes on", async () => {
  const leaves = await pushWorld(fleet);
  const head = await publish(fleet, leaves);
  const { link } = await connectAsController(fleet);
  const forged = seal("keys", makeKeySet({ version: 2, fleetId }), [makeSigner("ops-root")]);
  const garbage = [
    [subjects.keySet(fleetId, 1), "garbage"],
    [subjects.keySet(fleetId, 2), JSON.stringify(forged)],
    [subjects.keySet(fleetId, 3), "{}"],
    ["$KV.chimera.keys.not.a.number", "x"],
    ...(["panic", "quarantine", "order", "fresh", "rollout"] as const).map((kind) => [
      subjects.desired(kind, fleetId),
      "\u0000",
    ]),
    [subjects.panicReady(fleetId), "[]"],
    [subjects.proposal(fleetId, "a".repeat(64)), "null"],
  ];
  for (const [subject = "", bytes] of garbage) await link.jetstream().publish(subject, bytes ?? "");
  await link.close();
  expect(await getFleet(fleet)).toMatchObject({ keys: 1, head: { id: head.id }, panic: null, rollout: null });
  for (const path of [
    "/v1/panic/ready",
    "/v1/quarantine",
    "/v1/orders",
    "/v1/proposals",
    "/v1/heads",
    "/v1/keys",
  ]) {
    expect((await fleet.call(path)).status, path).toBe(200);
  }
  expect(fleet.logged.join("")).toContain("key set refused");
  expect((await put(fleet, "/v1/keys", rotation())).status).toBe(200);
  await fleet.nats.restart();
  await eventually("put back", async () => fleet.controller.ready() && (await nodeFinds(1)) !== null);
  expect([await nodeFinds(1), await nodeFinds(2)]).toEqual([keySet1, rotation()]);
});

test("does without a key file that is damaged, and says which", async () => {
  await put(fleet, "/v1/keys", rotation());
  const cacheDir = join(fleet.directory, "damaged-cache");
  const before = await startBeside(fleet, { cacheDir });
  await before.close();
  writeFileSync(join(cacheDir, "keys", "2.json"), "{");
  const after = await startBeside(fleet, { cacheDir });
  expect(await chain(after.call)).toHaveLength(2);
  expect(after.logged.join("")).toContain("2.json");
  expect(existsSync(join(cacheDir, "keys", "2.json"))).toBe(true);
  await after.close();
});
