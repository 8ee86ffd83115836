import { seal } from "@chimera/proto/signed/envelope";
import { worldId } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, expect, test, vi } from "vitest";
import {
  createHead,
  createKeySet,
  createLeaf,
  createSigner,
  fleetId,
  idOf,
  sealHead,
  sealOrder,
  sealPanic,
  signers,
} from "../fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
/** Well below the time limit of a fetch. */
const prompt = { timeout: 4_000, interval: 20 };
let fixture: NodeFixture;

afterEach(() => fixture.dispose());

async function startServers(lacks?: string): Promise<void> {
  fixture = await createNodeFixture(lacks);
  await fixture.nats.start();
}

function headOf(serial: number, letter: string) {
  const leaf = createLeaf(fixture.nodeKey, letter);
  fixture.leaves.put([leaf]);
  return { envelope: sealHead(createHead(serial, [leaf])), world: worldId([leaf]) };
}

const list = (serial: number) => sealOrder({ kind: "quarantine", serial, toplevels: [], pardoned: [] });

test("while the controller hangs over a leaf, everything else is heard, and the head is taken afterwards", async () => {
  await startServers();
  const side = fixture.start();
  const [first, second] = [headOf(1, "a"), headOf(2, "b")];
  await fixture.put("head", first.envelope);
  await vi.waitFor(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1), patient);
  const released = Promise.withResolvers<void>();
  fixture.leaves.holdUntil(released.promise);
  await fixture.put("head", second.envelope);
  await vi.waitFor(() => expect(fixture.leaves.requests()).toBe(2), patient);
  await fixture.put("quarantine", list(1));
  await vi.waitFor(() => expect(fixture.onDisk()?.quarantine?.serial).toBe(1), prompt);
  // The panic is for the very head that is under way, and by a key that only a look brings.
  const panicker = createSigner("panic-2");
  const set = createKeySet(2);
  const roles = { ...set.roles, panic: { keys: [panicker.publicKey], threshold: 1 } };
  await fixture.putKeySet(2, seal("keys", { ...set, roles }, [signers.root]));
  const panic = sealPanic(second.envelope, { world: first.world }, panicker);
  await fixture.put("panic", panic);
  await vi.waitFor(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)), prompt);
  const requests = fixture.leaves.requests();
  released.resolve();
  await side.refresh();
  expect(requests).toBe(2);
  expect(fixture.onDisk()?.head?.head.serial).toBe(1);
});

test("a head that waited for its leaf is taken once, when the controller answers at last", async () => {
  await startServers();
  const side = fixture.start();
  const released = Promise.withResolvers<void>();
  fixture.leaves.holdUntil(released.promise);
  await fixture.put("head", headOf(1, "a").envelope);
  await vi.waitFor(() => expect(fixture.leaves.requests()).toBe(1), patient);
  await fixture.put("quarantine", list(1));
  await vi.waitFor(() => expect(fixture.onDisk()?.quarantine?.serial).toBe(1), prompt);
  released.resolve();
  await vi.waitFor(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1), prompt);
  await side.refresh();
  expect(fixture.leaves.requests()).toBe(1);
  expect(await fixture.refusals()).toEqual([]);
});

for (const kind of ["fresh", "quarantine", "rollout"] as const) {
  test(`where nobody answers for "${kind}", heads and panics are taken all the same`, async () => {
    await startServers(subjects.desiredGet(kind, fleetId));
    const [first, second] = [headOf(1, "a"), headOf(2, "b")];
    const panic = sealPanic(first.envelope, { world: second.world });
    await fixture.put("head", first.envelope);
    fixture.start();
    await vi.waitFor(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1), patient);
    await fixture.put("panic", panic);
    await vi.waitFor(() => expect(fixture.onDisk()?.panic?.id).toBe(idOf(panic)), prompt);
  });
}
