/** Two of three: proposals gather signatures, and whoever completes them publishes. */
import { mergeSignatures, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { Leaf } from "@chimera/proto/signed/world";
import { Panic } from "@chimera/proto/signed/panic";
import { beforeAll, expect, test } from "vitest";
import {
  bucketState,
  getFleet,
  idOf,
  iso,
  makeOrder,
  mustPut,
  put,
  pushWorld,
  sealOrder,
  sealPanic,
} from "../fixture/documents.ts";
import { connectAsController } from "../fixture/raw-nats.ts";
import { makeHead } from "../fixture/test-fleet.ts";
import { fleetId, fleetKeys, makeKeySet, makeSigner } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
const three = ["alice", "bob", "carol"].map((name) => makeSigner(name));
const [alice = fleetKeys.root, bob = fleetKeys.root, carol = fleetKeys.root] = three;
const newRoot = makeSigner("ops-root");
const role = { keys: three.map(({ publicKey }) => publicKey), threshold: 2 };
let leaves: Leaf[];
beforeAll(async () => {
  const keySet = makeKeySet({ version: 2, fleetId, roles: { publish: role } });
  await mustPut(fleet(), "/v1/keys", seal("keys", keySet, [fleetKeys.root]));
  leaves = await pushWorld(fleet());
});

function propose(envelope: Envelope, id = idOf(envelope)) {
  return put(fleet(), `/v1/proposals/${id}`, envelope);
}

async function open(): Promise<{ id: string; kind: string; envelope: Envelope }[]> {
  return (await fleet().call("/v1/proposals", { role: "viewer" })).json().proposals;
}

async function nextHead(change: object = {}) {
  const { head, revision } = await getFleet(fleet());
  const next = makeHead(leaves, {
    serial: (head?.head.serial ?? 0) + 1,
    previous: head?.id ?? null,
    ...change,
  });
  return { next, revision };
}

test("completes a head with two of three signatures, which publishes it and ends the proposal", async () => {
  const { next, revision } = await nextHead();
  const byAlice = seal("head", next, [alice]);
  const short = await fleet().call("/v1/head", {
    method: "PUT",
    body: { envelope: byAlice, expectedRevision: revision },
  });
  expect(short.json()).toMatchObject({
    code: "signature-invalid",
    detail: expect.stringContaining("1 of 2"),
  });
  const twice = { ...byAlice, signatures: [...byAlice.signatures, ...byAlice.signatures] };
  const doubled = await fleet().call("/v1/head", {
    method: "PUT",
    body: { envelope: twice, expectedRevision: revision },
  });
  expect(doubled.json()).toMatchObject({ code: "signature-invalid" });
  expect((await propose(byAlice)).status).toBe(200);
  const merged = await propose(seal("head", next, [bob]));
  expect(merged.json()).toMatchObject({
    kind: "head",
    envelope: mergeSignatures(byAlice, seal("head", next, [bob])),
  });
  expect(await open()).toHaveLength(1);
  const body = { envelope: merged.json().envelope, expectedRevision: revision };
  const published = await fleet().call("/v1/head", { method: "PUT", body });
  expect(published.json()).toMatchObject({ id: idOf(byAlice), signedBy: ["alice", "bob"] });
  expect(await open()).toEqual([]);
  expect((await propose(byAlice)).json()).toMatchObject({ code: "order-stale" });
});

test("loses no signature of several that come at the same time, and counts each key once", async () => {
  const { next } = await nextHead({ reason: "race" });
  await Promise.all(three.map((signer) => propose(seal("head", next, [signer]))));
  await propose(seal("head", next, [carol, carol]));
  const [proposal] = await open();
  expect(proposal?.envelope.signatures.map(({ keyid }) => keyid).toSorted()).toEqual([
    "alice",
    "bob",
    "carol",
  ]);
});

test("gathers the signatures of the old and the new root, also of keys with one name", async () => {
  const roles = { publish: role, root: { keys: [newRoot.publicKey], threshold: 1 } };
  const next = makeKeySet({ version: 3, fleetId, roles });
  const byNew = seal("keys", next, [newRoot]);
  expect((await propose(byNew)).status).toBe(200);
  expect((await put(fleet(), "/v1/keys", byNew)).json()).toMatchObject({ code: "signature-invalid" });
  const both = (await propose(seal("keys", next, [fleetKeys.root]))).json().envelope;
  expect(both.signatures).toHaveLength(2);
  expect((await put(fleet(), "/v1/keys", both)).status).toBe(200);
  expect((await open()).map(({ kind }) => kind)).not.toContain("keys");
});

test("refuses a foreign signature by its name, a wrong id, a kind that is not proposed and what is over", async () => {
  const { next } = await nextHead({ reason: "bad" });
  const before = await bucketState(fleet());
  const stranger = makeSigner("alice");
  const undoing = {
    v: 1,
    kind: "panic",
    fleetId,
    epoch: 0,
    undoes: "0".repeat(64),
    world: next.world,
    reason: "",
  };
  const refused: [string, Envelope, string?][] = [
    ["signature-invalid", seal("head", next, [stranger])],
    ["signature-invalid", seal("head", next, [bob, stranger])],
    ["signature-invalid", seal("head", next, [fleetKeys.order])],
    ["input-invalid", seal("receipt", next, [alice])],
    ["signature-invalid", seal("keys", makeKeySet({ version: 4, fleetId }), [alice])],
    ["hash-mismatch", seal("head", next, [alice]), "0".repeat(64)],
    ["fleet-mismatch", seal("head", { ...next, fleetId: "a".repeat(64) }, [alice])],
    ["keys-stale", seal("keys", makeKeySet({ version: 2, fleetId }), [newRoot])],
    ["keys-skipped", seal("keys", makeKeySet({ version: 900, fleetId }), [newRoot])],
    ["head-expired", seal("head", { ...next, notAfter: iso(Date.now() - 1) }, [alice])],
    ["order-jump", seal("head", { ...next, serial: next.serial + 10_001 }, [alice])],
    ["order-jump", seal("head", { ...next, epoch: 1 }, [alice])],
    ["panic-void", sealPanic(Panic.parse({ ...undoing, serial: 77 }))],
    ["order-expired", sealOrder(makeOrder({ notAfter: iso(Date.now() - 1) }))],
    ["input-invalid", seal("head", { ...next, serial: "x" }, [alice])],
  ];
  for (const [code, envelope, id] of refused) {
    const answer = await propose(envelope, id);
    expect(answer.json(), answer.text).toMatchObject({ code });
  }
  const named = await propose(seal("head", next, [bob, stranger]));
  expect(named.json().detail).toContain('"alice"');
  expect(await bucketState(fleet())).toEqual(before);
});

test("shows no proposal that somebody wrote straight to NATS with a signature that does not hold", async () => {
  const { next } = await nextHead({ reason: "forged" });
  const envelope = seal("head", next, [makeSigner("bob")]);
  const id = idOf(envelope);
  const { link } = await connectAsController(fleet());
  const forged = { id, kind: "head", envelope, createdAt: iso(Date.now()) };
  await link.jetstream().publish(subjects.proposal(fleetId, id), JSON.stringify(forged));
  await link.close();
  expect((await open()).map((proposal) => proposal.id)).not.toContain(id);
  const mine = await propose(seal("head", next, [bob]));
  expect(mine.json().envelope.signatures).toHaveLength(1);
});

test("holds 64 proposals, makes room by what is over, and takes no more while all are wanted", async () => {
  const overSoon = sealOrder(makeOrder({ notAfter: iso(Date.now() + 2500), reason: "over soon" }));
  expect((await propose(overSoon)).status).toBe(200);
  for (let count = (await open()).length; count < 64; count += 1) {
    expect((await propose(sealOrder(makeOrder()))).status).toBe(200);
  }
  const waiting = sealOrder(makeOrder());
  await expect.poll(async () => (await propose(waiting)).status, { timeout: 10_000 }).toBe(200);
  const ids = (await open()).map(({ id }) => id);
  expect(ids).toHaveLength(64);
  expect(ids).toContain(idOf(waiting));
  expect(ids).not.toContain(idOf(overSoon));
  expect((await propose(sealOrder(makeOrder()))).json()).toMatchObject({ status: 503, code: "overloaded" });
});
