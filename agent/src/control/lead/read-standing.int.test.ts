/** What a stand-in believes of a real nats-server's bucket: only what the fleet's keys signed, and nothing older than it saw. */
import { createLog } from "@chimera/proto/log";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { buckets, keys as bucketKeys, subjects, type DesiredKind } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openConnection, type Connection } from "../connection.ts";
import {
  createHead,
  createKeySet,
  createLeaf,
  createSigner,
  firstKeySet,
  fleetId,
  idOf,
  node,
  sealHead,
  sealPanic,
  signers,
} from "../fleet-fixture.ts";
import { createNatsFixture, type NatsFixture } from "../nats-fixture.ts";
import { createStandingReader, type Standing } from "./read-standing.ts";

let nats: NatsFixture;
let connection: Connection;
let read: () => Promise<Standing>;

beforeEach(async () => {
  nats = await createNatsFixture(fleetId, node, { isLead: true });
  await nats.start();
  const log = createLog({ fields: {}, write: () => undefined });
  connection = await new Promise<Connection>((resolve) => {
    const opened: Connection = openConnection({
      servers: [nats.url],
      name: "stand-in",
      credentials: () => ({ nkey: nats.node, pass: null }),
      inboxPrefix: subjects.inboxPrefix(node),
      log,
      onConnected: () => resolve(opened),
    });
  });
  read = createStandingReader({ connection, fleetId, trustedKeys: firstKeySet, log });
});
afterEach(async () => {
  await connection.close();
  await nats.dispose();
});

async function put(key: string, value: Envelope | string): Promise<void> {
  const bucket = await (await nats.operator()).jetstream().views.kv(buckets.desired);
  await bucket.put(key, typeof value === "string" ? value : JSON.stringify(value));
}

const document = (kind: DesiredKind) => bucketKeys.desired(kind, fleetId);
const leaf = createLeaf(createSigner(node), "a");
const head = (serial: number) => sealHead(createHead(serial, [leaf]));
const serialNow = async () => (await read()).head?.head.serial ?? null;

test("a head counts by its signature, and an older one does not come back", async () => {
  expect(await serialNow()).toBeNull();
  await put(document("head"), head(2));
  expect(await serialNow()).toBe(2);
  await put(document("head"), head(1));
  expect(await serialNow()).toBe(2);
  await put(document("head"), sealHead(createHead(9, [leaf]), createSigner("thief")));
  expect(await serialNow()).toBe(2);
  for (const garbage of ["garbage", "{}", "[".repeat(100_000)]) {
    await put(document("head"), garbage);
    expect(await serialNow()).toBe(2);
  }
});

test("a panic that the fleet signed ends it; anybody else's does not; a newer head counts again", async () => {
  const first = head(1);
  await put(document("head"), first);
  const undoing = { world: createHead(1, [leaf]).world };
  await put(document("panic"), seal("panic", { ...panicPayload(first, undoing) }, [createSigner("thief")]));
  expect(await serialNow()).toBe(1);
  await put(document("panic"), sealPanic(first, undoing));
  expect(await serialNow()).toBeNull();
  await put(document("head"), sealHead(createHead(2, [leaf], { previous: idOf(first) })));
  expect(await serialNow()).toBe(2);
});

test("keys are walked: a head by a retired key is none", async () => {
  const newPublish = createSigner("ops-publish-2");
  const { roles } = createKeySet(1);
  const next = createKeySet(2, {
    roles: { ...roles, publish: { keys: [newPublish.publicKey], threshold: 1 } },
  });
  await put(bucketKeys.keySet(fleetId, 2), seal("keys", next, [signers.root]));
  await put(document("head"), head(1));
  expect(await read()).toMatchObject({ keys: { set: { version: 2 } }, head: null });
  await put(document("head"), sealHead(createHead(1, [leaf]), newPublish));
  expect(await serialNow()).toBe(1);
});

function panicPayload(undone: Envelope, { world }: { world: string }) {
  const { id, epoch, serial } = { id: idOf(undone), epoch: 0, serial: 1 };
  return { v: 1, kind: "panic", fleetId, epoch, serial, undoes: id, world, reason: "mine" };
}
