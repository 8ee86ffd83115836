/** `chimera panic` without the controller: straight to the real nats-server, with the operator's own nkey. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetView, KeyChain } from "@chimera/proto/api";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openNatsLink, type NatsLink } from "../src/nats/connection.ts";
import { storePanic } from "../src/panic/nats-release.ts";
import { walkFleetKeys } from "../src/fleet/key-chain.ts";
import { startDevFleet, type DevFleet } from "./dev-fleet.ts";

const names = ["n1", "n2"];
const patience = { timeout: 20_000, interval: 50 };
let fleet: DevFleet;
let prepared: Envelope;

beforeEach(async () => {
  fleet = await startDevFleet(names);
  await fleet.connectNodes();
  for (const word of ["one", "two"]) await fleet.publish(names.map((name) => fleet.leaf(name, word)));
  prepared = await panicOf("prepared");
  await fleet.http("PUT", "/v1/panic/ready", { envelope: prepared });
  // Any command keeps copies while the controller is there.
  await fleet.chimera("status");
});
afterEach(() => fleet.close());

/** Once the controller has all its parts. */
async function storedPanic() {
  const { body } = await fleet.http("GET", "/v1/fleet").catch(() => ({ body: null }));
  return FleetView.safeParse(body).data?.panic ?? null;
}

async function view(): Promise<FleetView> {
  return FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
}

/** For the newest head. */
async function panicOf(reason: string): Promise<Envelope> {
  const { head } = await view();
  if (head?.head.revertTo == null) throw new Error("there is a head with a world before it");
  const { epoch, serial, revertTo } = head.head;
  return fleet.sealed("panic", { epoch, serial, undoes: head.id, world: revertTo, reason }, "panic");
}

const idOf = (envelope: Envelope) => sha256(payloadOf(envelope, "panic"));
const configFile = () => join(fleet.home, ".config", "chimera", "config.toml");

async function changeConfig(change: (text: string) => string): Promise<void> {
  await writeFile(configFile(), change(await readFile(configFile(), "utf8")));
}

const withoutPanicKey = () => changeConfig((text) => text.replace(/^panicKeyFile.*$/mu, ""));

/** What a node says once it is back on the world before; by its ack subject alone. */
function goBack(name: string, id: string, serial = 2): void {
  const at = new Date().toISOString();
  const times = { ack: at, active: at, pointer: at, boot: at };
  const document = { kind: "panic", id, epoch: 0, serial };
  fleet.node(name).acknowledge(fleet.node(name).receiptOf(id, { document, state: "committed", times }));
}

async function asOperator<T>(work: (link: NatsLink) => Promise<T>): Promise<T> {
  const text = await readFile(configFile(), "utf8");
  const servers = [/natsServers = \["([^"]+)"/u.exec(text)?.[1] ?? ""];
  const seed = /natsSeedFile = "([^"]+)"/u.exec(text)?.[1] ?? "";
  const link = await openNatsLink({ servers, nkey: parseNkeySeed(await readFile(seed, "utf8")) });
  try {
    return await work(link);
  } finally {
    await link.close();
  }
}

/** Each node that hears a panic is back at once. */
async function answerAll(): Promise<void> {
  for (const name of names) {
    const id = await vi.waitUntil(() => fleet.node(name).panics.at(-1), patience);
    goBack(name, id);
  }
}

test("with the controller dead it falls back by itself, needs no key, and is watched by receipts; the controller knows it when it returns", async () => {
  await withoutPanicKey();
  await fleet.killController();
  const running = fleet.chimera("panic", "--yes", "--out", "receipts.json");
  await answerAll();
  const { code, out, err } = await running;
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("straight to NATS") });
  expect(err).toContain("the panic is prepared, from NATS");
  expect(err).toContain("2 of 2 acknowledged, 2 active");
  expect(out).toMatch(/n1 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +committed\n/u);
  expect(fleet.node("n1").panics).toEqual([idOf(prepared)]);
  await fleet.startController();
  await vi.waitUntil(async () => (await storedPanic())?.id === idOf(prepared), patience);
  const checked = await fleet.chimera("receipt", "verify", "receipts.json");
  expect(checked, checked.err).toMatchObject({ code: 0 });
});

test("a controller that only hangs is waited for no longer than 3 s; --over controller waits for it", async () => {
  fleet.freezeController();
  const begun = performance.now();
  const { code, err } = await fleet.chimera("panic", "--yes", "--no-follow");
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("not within 3 s") });
  expect(performance.now() - begun).toBeLessThan(10_000);
  await fleet.killController();
  const only = await fleet.chimera("panic", "--yes", "--over", "controller");
  expect(only).toMatchObject({ code: 69, err: expect.not.stringContaining("straight to NATS") });
});

test("released twice it is stored once, and the second one shows how far the nodes are by what they said before", async () => {
  const first = await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow", "--json");
  expect(JSON.parse(first.out)).toEqual({ type: "released", panic: idOf(prepared), serial: 2 });
  const { panic } = await view();
  const at = new Date().toISOString();
  const times = { ack: at, active: at, pointer: at, boot: at };
  const document = { kind: "panic", id: idOf(prepared), epoch: 0, serial: 2 };
  for (const name of names) {
    const receipt = fleet.node(name).receiptOf(idOf(prepared), { document, state: "committed", times });
    fleet.node(name).report({ state: "committed", receipt });
  }
  const again = await fleet.chimera("panic", "--yes", "--over", "nats");
  expect(again, again.err).toMatchObject({ code: 0, err: expect.stringContaining("2 boot it") });
  expect((await view()).panic?.revision).toBe(panic?.revision);
});

test("two operators at once release one panic, and both count the nodes whichever of the two they heard first", async () => {
  // The one that is prepared is of the head before: each signs its own.
  await fleet.publish(names.map((name) => fleet.leaf(name, "three")));
  await fleet.chimera("status");
  const both = ["anna", "bob"].map((reason) =>
    fleet.chimera("panic", "--yes", "--over", "nats", "--reason", reason, "--json"),
  );
  const stored = await vi.waitUntil(() => storedPanic(), patience);
  await vi.waitUntil(() => fleet.node("n2").panics.length > 0, patience);
  goBack("n1", stored.id, 3);
  const other = fleet.node("n2").panics.find((id) => id !== stored.id) ?? stored.id;
  const timer = setInterval(() => {
    goBack("n1", stored.id, 3);
    goBack("n2", other, 3);
  }, 200);
  const ended = await Promise.all(both);
  clearInterval(timer);
  for (const { code, err, out } of ended) {
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ panic: stored.id, serial: 3 });
  }
});

test("of a head and the panic of the one before, stored in one moment, the first counts, and the other one is told so", async () => {
  const { head, revision } = await view();
  if (head === null) throw new Error("there is a head");
  const { keySets } = KeyChain.parse((await fleet.http("GET", "/v1/keys")).body);
  const chain = walkFleetKeys(keySets, fleet.fleetId);
  const { roles } = chain.at(-1)?.set ?? {};
  if (roles === undefined) throw new Error("there is a key set");
  const trust = { fleetId: fleet.fleetId, roles, chain, known: new Set<never>(), vouched: undefined };
  const leaves = names.map((name) => fleet.leaf(name, "three"));
  const voided = asOperator((link) => {
    const late: NatsLink = {
      ...link,
      request: async (subject, text, extra = {}) => {
        if (extra.expectedRevision !== undefined) await fleet.publish(leaves);
        return link.request(subject, text, extra);
      },
    };
    return storePanic({ link: late, fleetId: fleet.fleetId, chain, head, trust }, prepared);
  });
  await expect(voided).rejects.toMatchObject({
    code: "panic-void",
    message: expect.stringContaining("head 0.3 was stored right before the panic of 0.2"),
  });
  const unaware = { ...head.head, serial: 4, previous: (await view()).head?.id };
  expect((await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow")).code).toBe(0);
  expect((await view()).panic?.panic).toMatchObject({ serial: 3, undoes: unaware.previous });
  const envelope = await fleet.sealed("head", unaware, "publish");
  const expectedRevision = (await view()).revision;
  expect(expectedRevision).toBeGreaterThan(revision);
  const refused = await fleet.http("PUT", "/v1/head", { envelope, expectedRevision });
  expect(refused.body).toMatchObject({ code: "panic-not-followed" });
});

test("without JetStream the nodes act on the message, and it is stored for the others as soon as JetStream is back", async () => {
  await fleet.killController();
  await fleet.restartWithoutJetStream();
  await fleet.connectNodes();
  const short = fleet.chimera("panic", "--yes", "--over", "nats");
  await answerAll();
  const unstored = await short;
  expect(unstored).toMatchObject({
    code: 69,
    err: expect.stringContaining("going by this machine's copy of head 0.2, since JetStream does not answer"),
  });
  expect(unstored.err).toContain("nodes that were away do not hear of it until this is run again");
  expect(unstored.err).toContain("2 of 2 acknowledged, 2 active");
  const [first] = fleet.node("n1").panics;
  const running = fleet.chimera("panic", "--yes", "--over", "nats", "--timeout", "60");
  await vi.waitUntil(() => fleet.node("n1").panics.length > 1, patience);
  await fleet.startController();
  const { id } = await vi.waitUntil(() => storedPanic(), patience);
  await fleet.connectNodes();
  const timer = setInterval(() => {
    for (const name of names) goBack(name, id);
  }, 200);
  const { code, err } = await running;
  clearInterval(timer);
  expect(code, err).toBe(0);
  expect(first).toBeDefined();
});

test("what is not signed by the fleet, or behind what this machine has seen, does not mislead it", async () => {
  const stranger = parseSecretKey(generateKey("ops-panic").secret);
  const { head } = await view();
  const forged = seal(
    "panic",
    { ...JSON.parse(payloadOf(prepared, "panic").toString()), world: "f".repeat(64) },
    [stranger],
  );
  await asOperator(async (link) => {
    for (const text of [JSON.stringify(forged), "garbage"]) {
      await link.request(subjects.desired("panic", fleet.fleetId), text);
    }
  });
  await withoutPanicKey();
  const dry = await fleet.chimera("panic", "--over", "nats", "--dry-run", "--json");
  expect(JSON.parse(dry.out)).toMatchObject({ serial: 2, from: "nats", world: head?.head.revertTo });
  expect((await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow")).code).toBe(0);
  expect((await view()).panic?.id).toBe(idOf(prepared));
});

test("says what is missing: the nkey, its registration, a copy of the world", async () => {
  const whole = await readFile(configFile(), "utf8");
  await changeConfig((text) => text.replace(/^natsSeedFile.*$/mu, ""));
  expect(await fleet.chimera("panic", "--yes", "--over", "nats")).toMatchObject({
    code: 78,
    err: expect.stringContaining("chimera keys nats"),
  });
  const seedFile = join(fleet.home, "other.seed");
  await writeFile(seedFile, generateNkey().seed, { mode: 0o600 });
  await writeFile(configFile(), whole.replace(/^natsSeedFile.*$/mu, `natsSeedFile = "${seedFile}"`));
  expect(await fleet.chimera("panic", "--yes", "--over", "nats")).toMatchObject({
    code: 77,
    err: expect.stringContaining("chimera-controller operator add"),
  });
  await writeFile(configFile(), whole);
  const { head } = await view();
  await rm(join(fleet.home, ".local/state/chimera", fleet.fleetId, `world.${head?.head.world}.json`));
  const blind = await fleet.chimera("panic", "--yes", "--over", "nats");
  expect(blind).toMatchObject({ code: 66, err: expect.stringContaining("released: head 2 is undone") });
  expect(blind.err).toContain("no copy of world");
});
