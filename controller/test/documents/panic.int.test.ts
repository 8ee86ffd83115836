import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import { beforeAll, expect, test } from "vitest";
import { bucketState, getFleet, panicFor, publish, put, pushWorld, sealPanic } from "../fixture/documents.ts";
import { connectAsController, connectAsNode } from "../fixture/raw-nats.ts";
import { makeHead, putHead } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let leaves: Leaf[];
beforeAll(async () => {
  leaves = await pushWorld(fleet());
});
const world = () => worldId(leaves);

async function ready() {
  return (await fleet().call("/v1/panic/ready")).json().envelope;
}

test("keeps a panic ready where nodes do not see it, and gives it away only for the newest head", async () => {
  const first = await publish(fleet(), leaves);
  expect(await ready()).toBeNull();
  const envelope = sealPanic(panicFor(first, world()));
  expect((await put(fleet(), "/v1/panic/ready", envelope)).status).toBe(200);
  expect(await ready()).toEqual(envelope);
  // Whoever has it can release it, in NATS or by hand.
  for (const role of ["viewer", "n1"]) {
    expect((await fleet().call("/v1/panic/ready", { role })).json()).toMatchObject({
      code: "role-forbidden",
    });
  }
  expect((await getFleet(fleet())).panic).toBeNull();
  const n1 = await connectAsNode(fleet(), "n1");
  const got = await n1.request(subjects.desiredGet("panic", fleetId), "");
  expect(got.headers?.code).toBe(404);
  await n1.close();
  await publish(fleet(), leaves);
  expect(await ready()).toBeNull();
});

test("stores a panic once, answers a second one like it with the first, and takes only a head that follows it", async () => {
  const head = await publish(fleet(), leaves);
  const released = await put(fleet(), "/v1/panic", sealPanic(panicFor(head, world())));
  expect(released.status, released.text).toBe(200);
  const before = await bucketState(fleet());
  const again = sealPanic(panicFor(head, world(), { reason: "another operator, at the same time" }));
  expect((await put(fleet(), "/v1/panic", again)).json()).toEqual(released.json());
  const { revision, panic } = await getFleet(fleet());
  expect(panic).toMatchObject({ id: released.json().id, signedBy: ["ops-panic"] });
  const serial = head.head.serial + 1;
  const unaware = await putHead(fleet(), makeHead(leaves, { serial, previous: head.id }), revision);
  expect(unaware.json()).toMatchObject({ code: "panic-not-followed" });
  expect(await bucketState(fleet())).toEqual(before);
  const aware = await putHead(fleet(), makeHead(leaves, { serial, previous: panic.id }), revision);
  expect(aware.status, aware.text).toBe(200);
  expect((await put(fleet(), "/v1/panic", again)).json()).toMatchObject({ code: "panic-void" });
});

test("refuses a panic for the same head that leads to another world", async () => {
  const head = await publish(fleet(), leaves);
  const other = await pushWorld(fleet(), "nixos-system-other");
  expect((await put(fleet(), "/v1/panic", sealPanic(panicFor(head, world())))).status).toBe(200);
  const answer = await put(fleet(), "/v1/panic", sealPanic(panicFor(head, worldId(other))));
  expect(answer.json()).toMatchObject({ code: "order-equivocation" });
});

test("lets of a panic and the head after its own exactly one in, however close they come", async () => {
  for (let round = 0; round < 8; round += 1) {
    const head = await publish(fleet(), leaves);
    const { revision } = await getFleet(fleet());
    const next = makeHead(leaves, { serial: head.head.serial + 1, previous: head.id });
    const both = await Promise.all([
      putHead(fleet(), next, revision),
      put(fleet(), "/v1/panic", sealPanic(panicFor(head, world()))),
    ]);
    expect(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      both.map(({ text }) => text).join(),
    ).toEqual([200, 409]);
  }
});

test("goes by panics that were written straight to NATS only where they undo a published head", async () => {
  const head = await publish(fleet(), leaves);
  const { link } = await connectAsController(fleet());
  const subject = subjects.desired("panic", fleetId);
  const before = (await getFleet(fleet())).panic;
  for (const bad of [
    "garbage",
    JSON.stringify(sealPanic(panicFor(head, world(), { serial: 9000, undoes: "9".repeat(64) }))),
  ]) {
    await link.jetstream().publish(subject, bad);
    expect((await getFleet(fleet())).panic).toEqual(before);
  }
  await link.jetstream().publish(subject, JSON.stringify(sealPanic(panicFor(head, world()))));
  expect((await getFleet(fleet())).panic.panic.undoes).toBe(head.id);
  const later = await publish(fleet(), leaves);
  expect(later.head.serial).toBe(head.head.serial + 1);
  await link.close();
});

const press = (body: object, role?: string) =>
  fleet().call("/v1/panic/release", { method: "POST", body, ...(role === undefined ? {} : { role }) });

test("a button releases what lies ready, once however often it is pressed, and on record with who pressed it", async () => {
  const head = await publish(fleet(), leaves);
  const { serial } = head.head;
  const prepared = sealPanic(panicFor(head, world()));
  expect((await put(fleet(), "/v1/panic/ready", prepared)).status).toBe(200);
  const before = await bucketState(fleet());
  const dry = (await press({ serial, dryRun: true })).json();
  expect(dry).toEqual({
    id: expect.any(String),
    revision: null,
    serial,
    head: head.id,
    world: world(),
    before: false,
  });
  expect(await bucketState(fleet())).toEqual(before);
  const twice = await Promise.all([press({ serial }), press({ head: head.id })]);
  const [first, second] = twice.map(({ json }) => json());
  const again = (await press({ serial, head: head.id })).json();
  expect(again).toEqual({ ...dry, revision: expect.any(Number), before: true });
  expect([first.id, second.id, first.revision, second.revision]).toEqual([
    again.id,
    again.id,
    again.revision,
    again.revision,
  ]);
  expect((await getFleet(fleet())).panic).toMatchObject({ id: dry.id, revision: again.revision });
  expect(fleet().logged.join("")).toMatch(/"caller":"operator"[^\n]*"msg":"panic released"/u);
});

test("a button undoes no other head than the one that it was meant for", async () => {
  const old = await publish(fleet(), leaves);
  await put(fleet(), "/v1/panic/ready", sealPanic(panicFor(old, world())));
  const newest = await publish(fleet(), leaves);
  await put(fleet(), "/v1/panic/ready", sealPanic(panicFor(newest, world())));
  const before = await bucketState(fleet());
  for (const body of [
    { serial: old.head.serial },
    { head: old.id },
    { serial: newest.head.serial, head: old.id },
  ]) {
    const late = await press(body);
    expect([late.status, late.json().code]).toEqual([409, "panic-void"]);
    expect(late.json().detail).toContain(`the newest is ${newest.head.serial}`);
  }
  for (const role of ["viewer", "n1", "cache-writer", "enroll"]) {
    expect((await press({ serial: newest.head.serial }, role)).json(), role).toMatchObject({
      code: "role-forbidden",
    });
  }
  expect((await press({})).json()).toMatchObject({ code: "input-invalid" });
  expect((await press({ serial: newest.head.serial, dryRun: "no" })).json()).toMatchObject({
    code: "input-invalid",
  });
  expect(await bucketState(fleet())).toEqual(before);
});

test("a button says that nothing lies ready, also where only a forged or another head's panic does", async () => {
  const head = await publish(fleet(), leaves);
  const { serial } = head.head;
  const missing = await press({ serial });
  expect([missing.status, missing.json().code]).toEqual([404, "not-found"]);
  const { link } = await connectAsController(fleet());
  await link
    .jetstream()
    .publish(
      subjects.panicReady(fleetId),
      JSON.stringify(sealPanic(panicFor(head, world()), [fleet().publish])),
    );
  expect((await press({ serial })).json()).toMatchObject({ code: "not-found" });
  expect((await getFleet(fleet())).panic?.panic.undoes).not.toBe(head.id);
  await link.close();
});
