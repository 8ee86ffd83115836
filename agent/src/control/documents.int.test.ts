import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  createHead,
  createKeySet,
  createLeaf,
  createSigner,
  fleetId,
  idOf,
  node,
  sealHead,
  sealPanic,
  signers,
} from "./fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "./node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let fixture: NodeFixture;
let leafOfA: Leaf;
let leafOfB: Leaf;

beforeEach(async () => {
  fixture = await createNodeFixture();
  [leafOfA, leafOfB] = [createLeaf(fixture.nodeKey, "a"), createLeaf(fixture.nodeKey, "b")];
  fixture.leaves.put([leafOfA]);
  fixture.leaves.put([leafOfB]);
  await fixture.nats.start();
});

afterEach(() => fixture.dispose());

function head(serial: number, leaf: Leaf, previous: Envelope | null = null): Envelope {
  return sealHead(createHead(serial, [leaf], { previous: previous === null ? null : idOf(previous) }));
}

const worldOf = (leaf: Leaf) => worldId([leaf]);
const serial = () => fixture.onDisk()?.head?.head.serial;
const arrives = (work: () => void) => vi.waitFor(work, patient);

async function isRefused(document: string, code: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await fixture.refusals()).toContainEqual(expect.objectContaining({ document, code }));
  }, patient);
}

test("a panic is taken from the message alone, acknowledged with a receipt, and a head must follow it", async () => {
  fixture.start();
  const first = head(1, leafOfA);
  const second = head(2, leafOfB, first);
  await fixture.put("head", first);
  await arrives(() => expect(serial()).toBe(1));
  await fixture.put("head", second);
  await arrives(() => expect(serial()).toBe(2));
  const acks = await fixture.listen();
  const panic = sealPanic(second, { world: worldOf(leafOfA) });
  await fixture.publish(subjects.desired("panic", fleetId), panic);
  await arrives(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)));
  await arrives(() => expect(acks).toHaveLength(1));
  const [ack] = acks;
  if (ack === undefined || !("payload" in ack)) throw new Error("no receipt");
  expect(openReceipt(ack, fixture.nodeKey.publicKey).document).toMatchObject({ kind: "panic", serial: 2 });
  await fixture.put("head", head(3, leafOfB, second));
  await isRefused("head", "panic-not-followed");
  await fixture.put("head", head(3, leafOfA, panic));
  await arrives(() => expect(serial()).toBe(3));
  expect((await fixture.refusals()).map(({ code }) => code)).toEqual(["panic-not-followed"]);
});

test("a panic is taken from the message also where the bucket is gone, with everything that lay in it", async () => {
  fixture.start();
  const undone = head(1, leafOfB);
  await fixture.put("head", undone);
  await arrives(() => expect(serial()).toBe(1));
  const acks = await fixture.listen();
  const operator = await fixture.nats.operator();
  await (await operator.jetstreamManager()).streams.delete("KV_chimera");
  const panic = sealPanic(undone, { world: worldOf(leafOfA) });
  await fixture.publish(subjects.desired("panic", fleetId), panic);
  await arrives(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)));
  await arrives(() => expect(acks.length).toBeGreaterThan(0));
});

test("a node that was away takes the panic for the newest head of the store, and never runs that head", async () => {
  const undone = head(1, leafOfB);
  const panic = sealPanic(undone, { world: worldOf(leafOfA) });
  await fixture.put("head", undone);
  await fixture.put("panic", panic);
  const side = fixture.start();
  await arrives(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)));
  await side.refresh();
  expect(side.keeper.state()?.head).toBeNull();
  expect(await fixture.refusals()).toEqual([]);
});

test("a panic that a newer head made void lies in the store in silence; one that is sent is told", async () => {
  const [first, second] = [head(1, leafOfA), head(2, leafOfB)];
  await fixture.put("head", second);
  await fixture.put("panic", sealPanic(first, { world: worldOf(leafOfB) }));
  const side = fixture.start();
  await arrives(() => expect(serial()).toBe(2));
  await side.refresh();
  expect(await fixture.refusals()).toEqual([]);
  expect(side.keeper.problem()).toBeNull();
  await fixture.publish(subjects.desired("panic", fleetId), sealPanic(first, { world: worldOf(leafOfA) }));
  await isRefused("panic", "panic-void");
  expect(fixture.onDisk()?.panic).toBeNull();
});

test("a panic for a head that nobody published, or signed by the publish key, undoes nothing", async () => {
  fixture.start();
  const first = head(1, leafOfA);
  await fixture.put("head", first);
  await arrives(() => expect(serial()).toBe(1));
  await fixture.put("panic", sealPanic(head(7, leafOfB), { world: worldOf(leafOfA) }));
  await isRefused("panic", "panic-void");
  await fixture.put("panic", sealPanic(first, { world: worldOf(leafOfB) }, signers.publish));
  await isRefused("panic", "signature-invalid");
  const [refused] = (await fixture.refusals()).filter(({ code }) => code === "signature-invalid");
  expect(refused).toMatchObject({ signedBy: [], claims: ["ops-publish"] });
  expect(fixture.onDisk()?.panic).toBeNull();
});

test("key sets are walked one by one over three, and old keys count no more", async () => {
  const roots = [createSigner("root-2"), createSigner("root-3"), createSigner("root-4")];
  const publisher = createSigner("publish-4");
  let previous = signers.root;
  for (const [i, root] of roots.entries()) {
    const set = createKeySet(i + 2);
    const keysOf = (signer: typeof root) => ({ keys: [signer.publicKey], threshold: 1 });
    const newRoles = i === 2 ? { publish: keysOf(publisher) } : {};
    const next = { ...set, roles: { ...set.roles, root: keysOf(root), ...newRoles } };
    await fixture.putKeySet(i + 2, seal("keys", next, [previous, root]));
    previous = root;
  }
  await fixture.put("head", head(1, leafOfA));
  const side = fixture.start();
  await arrives(() => expect(side.keeper.keySet()?.version).toBe(4));
  await isRefused("head", "signature-invalid");
  await fixture.put("head", sealHead(createHead(1, [leafOfA]), publisher));
  await arrives(() => expect(serial()).toBe(1));
  await fixture.stop();
  // An older system brings the first key set again: the state on disk counts.
  const again = fixture.start();
  expect(again.keeper.keySet()?.version).toBe(4);
});

test("after a rotation of publish and panic keys the node stands by what it accepted, and complains of nothing", async () => {
  const side = fixture.start();
  const first = head(1, leafOfA);
  await fixture.put("head", first);
  await arrives(() => expect(serial()).toBe(1));
  const next = { keys: [createSigner("next").publicKey], threshold: 1 };
  const rotate = async (version: number, over: object) => {
    const set = createKeySet(version);
    const roles = { ...set.roles, publish: next, ...over };
    await fixture.putKeySet(version, seal("keys", { ...set, roles }, [signers.root]));
    await arrives(() => expect(side.keeper.keySet()?.version).toBe(version));
    await side.refresh();
    expect(side.keeper.problem()).toBeNull();
  };
  await rotate(2, {});
  const panic = sealPanic(first, { world: worldOf(leafOfB) });
  await fixture.put("panic", panic);
  await arrives(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)));
  await rotate(3, { panic: next });
  expect(await fixture.refusals()).toEqual([]);
});

test("a key set without its predecessor's root, or one too far, is refused and named", async () => {
  const side = fixture.start();
  await fixture.putKeySet(2, seal("keys", createKeySet(2), [signers.publish]));
  await isRefused("keys", "signature-invalid");
  await fixture.putKeySet(2, seal("keys", createKeySet(3), [signers.root]));
  await isRefused("keys", "keys-skipped");
  expect(side.keeper.keySet()?.version).toBe(1);
});

test("garbage under every key changes nothing, and what is right is still taken", async () => {
  const side = fixture.start();
  await fixture.put("head", head(1, leafOfA));
  await arrives(() => expect(serial()).toBe(1));
  const kept = fixture.onDisk();
  const garbage = [
    "{",
    "[".repeat(900_000),
    '{"payloadType":1}',
    "\u0000",
    "null",
    JSON.stringify({ v: 1, orders: ["x"] }),
  ];
  for (const text of garbage) {
    for (const kind of ["panic", "quarantine", "order", "fresh", "rollout"] as const)
      await fixture.put(kind, text);
    await fixture.publish(subjects.cmd(fleetId, node), text);
    await side.refresh();
  }
  for (const kind of ["panic", "order", "fresh", "rollout"]) await isRefused(kind, "input-invalid");
  expect(fixture.onDisk()).toEqual(kept);
  await fixture.put("head", head(2, leafOfB));
  await arrives(() => expect(serial()).toBe(2));
  expect(fixture.lines.join("")).not.toContain("callback failed");
});
