/** What somebody with the controller's NATS credential, or a lost disk, may do to the heads: the next valid one must get in. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { headers, type NatsConnection } from "nats";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController } from "../fixture/raw-nats.ts";
import {
  makeHead,
  makeLeaf,
  pushClosure,
  putHead,
  startTestFleet,
  type TestFleet,
} from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";

const subject = subjects.desired("head", fleetId);
let fleet: TestFleet;
let link: NatsConnection;
let leaves: Leaf[];
beforeEach(async () => {
  fleet = await startTestFleet();
  ({ link } = await connectAsController(fleet));
  const { entry } = await pushClosure(fleet, "nixos-system-f");
  leaves = [makeLeaf(fleet, "n1", entry)];
  await fleet.call(`/v1/worlds/${worldId(leaves)}`, { method: "PUT", body: { v: 1, leaves } });
});
afterEach(async () => {
  await link.close();
  await fleet.stop();
});

async function newest() {
  const answer = await fleet.call("/v1/fleet", { role: "viewer" });
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

async function publish(change: Partial<Record<keyof Head, unknown>> = {}) {
  const { head, revision } = await newest();
  const serial = (head?.head.serial ?? 0) + 1;
  const answer = await putHead(
    fleet,
    makeHead(leaves, { serial, previous: head?.id ?? null, ...change }),
    revision,
  );
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

async function write(head: Head, signer: Signer = fleet.publish) {
  await link.jetstream().publish(subject, JSON.stringify(seal("head", head, [signer])));
}

test.each([
  ["bytes that are no JSON", () => link.jetstream().publish(subject, randomBytes(512))],
  [
    "a forged head",
    () => write(makeHead(leaves, { serial: 77 }), parseSecretKey(generateKey("ops-publish").secret)),
  ],
  [
    "a head of another fleet that shares the key",
    () => write(makeHead(leaves, { serial: 77, fleetId: "a".repeat(64) })),
  ],
  ["a head of a lower serial", () => write(makeHead(leaves, { serial: 1, author: "late" }))],
  ["a head far above", () => write(makeHead(leaves, { serial: Number.MAX_SAFE_INTEGER }))],
  ["a head of an epoch that root did not begin", () => write(makeHead(leaves, { epoch: 1, serial: 77 }))],
  ["a marker of deletion", () => link.jetstream().publish(subject, "", { headers: deletion() })],
])("does not take %s for the newest head, and stores the next one", async (_what, disturb) => {
  await publish();
  const second = await publish();
  await disturb();
  const after = await newest();
  expect(after.head).toMatchObject({ id: second.id, revision: second.revision });
  expect(after.revision).toBeGreaterThan(second.revision);
  const third = await publish();
  const got = await link.request(subjects.desiredGet("head", fleetId), "");
  expect(JSON.parse(got.string())).toEqual(third.envelope);
});

test("says whose head jumps too far", async () => {
  await publish();
  await write(makeHead(leaves, { serial: 20_000 }));
  await newest();
  const line = fleet.logged.filter((one) => one.includes("passed over")).map((one) => JSON.parse(one));
  expect(line).toEqual([expect.objectContaining({ place: "0.20000", signedBy: ["ops-publish"] })]);
});

test("puts the newest head back on top when it is sent again after somebody wrote past it", async () => {
  const first = await publish();
  await link.jetstream().publish(subject, "garbage");
  const { revision } = await newest();
  const body = { envelope: first.envelope, expectedRevision: revision };
  const again = await fleet.call("/v1/head", { method: "PUT", body });
  expect(again.json()).toMatchObject({ id: first.id, revision: revision + 1 });
  const got = await link.request(subjects.desiredGet("head", fleetId), "");
  expect(JSON.parse(got.string())).toEqual(first.envelope);
  expect((await fleet.call("/v1/heads", { role: "viewer" })).json().heads).toHaveLength(1);
});

test("takes a head after garbage has pushed every valid one out of the bucket", async () => {
  await publish();
  for (let i = 0; i < 64; i += 1) await link.jetstream().publish(subject, `garbage ${i}`);
  expect((await newest()).head).toBeNull();
  expect((await publish({ serial: 900, previous: "e".repeat(64) })).head.serial).toBe(900);
});

test("starts anew on a server that lost its data, and shows nothing of before", async () => {
  const first = await publish();
  expect((await newest()).head.id).toBe(first.id);
  await fleet.nats.restart(() => rmSync(join(fleet.directory, "jetstream"), { recursive: true }));
  await eventually("ready again", () => fleet.controller.ready());
  expect(await newest()).toMatchObject({ head: null, revision: 0 });
  const stored = await publish({ serial: 12, previous: "e".repeat(64) });
  expect(stored.revision).toBe(2);
  expect((await newest()).head).toMatchObject({ id: stored.id, head: { serial: 12 } });
});

test("says that a deleted stream is not there, and makes it again", async () => {
  await publish();
  const jsm = await link.jetstreamManager();
  await jsm.streams.delete("KV_chimera");
  const answer = await fleet.call("/v1/fleet");
  expect(answer.json()).toMatchObject({ status: 503, code: "server-unreachable" });
  await eventually("bucket there", async () => (await fleet.call("/v1/fleet")).status === 200);
  expect(await newest()).toMatchObject({ head: null, revision: 0 });
  await jsm.streams.delete("chimera_build");
  const build = { v: 1, node: "n1", at: new Date().toISOString(), state: "evaluating" };
  const put = () => fleet.call("/v1/nodes/n1/build", { method: "PUT", body: build });
  expect((await put()).status).toBe(503);
  await eventually("build stream there", async () => (await put()).status === 200);
});

function deletion() {
  const fields = headers();
  fields.set("KV-Operation", "DEL");
  return fields;
}

test.each([
  ["went back while it might", 3_600_000, "returned"],
  ["went back when it might not any more", -3_600_000, "committed"],
])(
  "of a fleet that %s it shows, whoever writes that it has committed, the end that nodes heed",
  async (_what, aheadMs, shown) => {
    await publish();
    const times = { consentUntil: new Date(Date.now() + aheadMs).toISOString() };
    const { id } = await publish({ revertTo: worldId(leaves), ...times });
    const record = { v: 1, head: id, lease: 1, reason: "", at: new Date().toISOString() };
    const rollout = subjects.desired("rollout", fleetId);
    for (const phase of ["waves", "returned", "committed"])
      await link.jetstream().publish(rollout, JSON.stringify({ ...record, phase }));
    expect((await newest()).rollout).toMatchObject({ head: id, phase: shown });
  },
);
