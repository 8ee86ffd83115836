/** What who stole an operator's nkey, and no signing key, can do to a panic that stands: nothing that lasts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getFleet, idOf, panicFor, publish, put, pushWorld, sealPanic } from "../fixture/documents.ts";
import { connectAsOperator } from "../fixture/raw-nats.ts";
import { makeHead, putHead, startBeside } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
const subject = subjects.desired("panic", fleetId);
/** More than the bucket keeps of one key. */
const flood = 70;
const poll = { timeout: 10_000, interval: 50 };
let leaves: Leaf[];
let thief: NatsConnection;
beforeAll(async () => {
  leaves = await pushWorld(fleet());
  thief = await connectAsOperator(fleet());
});
afterAll(() => thief.close());

async function released() {
  const head = await publish(fleet(), leaves);
  const envelope = sealPanic(panicFor(head, worldId(leaves)));
  const answer = await put(fleet(), "/v1/panic", envelope);
  expect(answer.status, answer.text).toBe(200);
  return { head, envelope };
}

/** What a node that returns finds. */
async function found(): Promise<unknown> {
  const got = await thief.request(subjects.desiredGet("panic", fleetId), "");
  return got.string().startsWith("{") ? got.json() : got.string();
}

async function write(text: string): Promise<void> {
  await thief.request(subject, text);
}

async function isBack(envelope: Envelope): Promise<void> {
  await expect.poll(found, poll).toEqual(envelope);
}

test("puts the standing panic back over garbage, over a lower panic, and over one of the same head for another world", async () => {
  const old = await released();
  const { head, envelope } = await released();
  const other = panicFor(head, worldId(await pushWorld(fleet(), "nixos-system-elsewhere")));
  for (const bad of ["garbage", JSON.stringify(old.envelope), JSON.stringify(sealPanic(other))]) {
    await write(bad);
    expect(await found()).not.toEqual(envelope);
    await isBack(envelope);
  }
  expect((await getFleet(fleet())).panic.id).toBe(idOf(envelope));
  expect(fleet().logged.join("")).toContain("panic put where nodes look for it");
});

test("knows it also when it was pushed out of the bucket, takes no head past it, and puts it back", async () => {
  const { head, envelope } = await released();
  for (let i = 0; i < flood; i += 1) thief.publish(subject, `garbage ${i}`);
  await thief.flush();
  const view = await getFleet(fleet());
  expect(view.panic.id).toBe(idOf(envelope));
  const unaware = makeHead(leaves, { serial: head.head.serial + 1, previous: head.id });
  expect((await putHead(fleet(), unaware, view.revision)).json()).toMatchObject({
    code: "panic-not-followed",
  });
  await isBack(envelope);
});

test("writes nothing where what lies on top is the panic itself, another name of it, or nothing stands", async () => {
  const { head } = await released();
  const alias = sealPanic(panicFor(head, worldId(leaves), { reason: "another operator" }));
  await write(JSON.stringify(alias));
  expect((await publish(fleet(), leaves)).head.serial).toBe(head.head.serial + 1);
  await write("garbage");
  const lines = () => fleet().logged.filter((line) => line.includes("panic put where")).length;
  const before = lines();
  // Its look at the next panic comes after its look at these.
  const later = await released();
  await write("garbage");
  await isBack(later.envelope);
  expect(lines()).toBe(before + 1);
});

test("remembers it over its own restart, goes by no file that is forged or damaged, and says so", async () => {
  const { head, envelope } = await released();
  await expect
    .poll(() => readFileSync(join(fleet().config.cacheDir, "panic.json"), "utf8"), poll)
    .toContain(envelope.payload);
  await fleet().controller.close();
  for (let i = 0; i < flood; i += 1) thief.publish(subject, `garbage ${i}`);
  await thief.flush();
  const again = await startBeside(fleet());
  await isBack(envelope);
  await again.close();
  const forged = sealPanic(panicFor(head, "f".repeat(64)), [fleet().publish]);
  const file = join(fleet().config.cacheDir, "panic.json");
  const good = JSON.parse(readFileSync(file, "utf8"));
  for (const text of [JSON.stringify({ ...good, envelope: forged }), "{"]) {
    writeFileSync(file, text);
    const beside = await startBeside(fleet());
    const view = (await beside.call("/v1/fleet", { role: "viewer" })).json();
    expect(view.panic.id).toBe(idOf(envelope));
    await beside.close();
  }
});
