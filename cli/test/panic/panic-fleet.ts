/** SHELL. For tests of `chimera panic` straight in NATS: a fleet of two nodes with a prepared panic, and what its nodes say. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetView, KeyChain } from "@chimera/proto/api";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { connect, type JetStreamManager, type NatsConnection } from "nats";
import { vi } from "vitest";
import { z } from "zod";
import { walkFleetKeys } from "../../src/fleet/key-chain.ts";
import { openNatsLink, type NatsLink } from "../../src/nats/connection.ts";
import { readDocument } from "../../src/panic/roads/nats-documents.ts";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";

const ControllerFile = z.object({ nats: z.object({ servers: z.array(z.string()), seedFile: z.string() }) });

export const names = ["n1", "n2"];
export const patience = { timeout: 20_000, interval: 50 };

export type PanicFleet = Awaited<ReturnType<typeof startPanicFleet>>;

/** Two heads, the panic of the second lies ready, and this machine has seen all of it. */
export async function startPanicFleet() {
  const fleet = await startDevFleet(names);
  await fleet.connectNodes();
  for (const word of ["one", "two"]) await fleet.publish(names.map((name) => fleet.leaf(name, word)));
  const prepared = await preparedPanic(fleet);
  await fleet.http("PUT", "/v1/panic/ready", { envelope: prepared });
  // Any command keeps copies while the controller is there.
  await fleet.chimera("status");
  const configFile = join(fleet.home, ".config", "chimera", "config.toml");
  return {
    ...fleet,
    prepared,
    configFile,
    view: () => viewOf(fleet),
    storedPanic: () => storedPanic(fleet),
    changeConfig: async (change: (text: string) => string) =>
      writeFile(configFile, change(await readFile(configFile, "utf8"))),
    goBack: (name: string, id: string, serial = 2) => goBack(fleet, name, { id, serial }),
    answerAll: () => answerAll(fleet),
    openedNow: () => openedNow(fleet),
    publishNext: () => fleet.publish(names.map((name) => fleet.leaf(name, "three"))),
    panicNewest: () => panicNewest(fleet),
    /** The newest entry, which is all that a node reads; null for none, and for garbage. */
    onTop: (link: NatsLink) => onTop(link, fleet.fleetId),
    asController: <T>(work: (raw: RawNats) => Promise<T>) => asController(fleet, work),
    asOperator: <T>(work: (link: NatsLink) => Promise<T>) => asOperator(configFile, work),
  };
}

export function panicId(envelope: Envelope) {
  return sha256(payloadOf(envelope, "panic"));
}

/** Of serial 2, by default. */
export function backReceipt(
  fleet: DevFleet,
  name: string,
  { id, serial = 2 }: { id: string; serial?: number },
) {
  const at = new Date().toISOString();
  const times = { ack: at, active: at, pointer: at, boot: at };
  const document = { kind: "panic", id, epoch: 0, serial };
  return fleet.node(name).receiptOf(id, { document, state: "committed", times });
}

async function preparedPanic(fleet: DevFleet): Promise<Envelope> {
  const { head } = await viewOf(fleet);
  if (head === null) throw new Error("there is a head");
  const { epoch, serial, revertTo } = head.head;
  const panic = { epoch, serial, undoes: head.id, world: revertTo, reason: "prepared" };
  return fleet.sealed("panic", panic, "panic");
}

/** Null until the controller has all its parts, too. */
async function storedPanic(fleet: DevFleet) {
  const { body } = await fleet.http("GET", "/v1/fleet").catch(() => ({ body: null }));
  return FleetView.safeParse(body).data?.panic ?? null;
}

async function viewOf(fleet: DevFleet): Promise<FleetView> {
  return FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
}

/** What a node says once it is back on the world before; by its ack subject alone. */
function goBack(fleet: DevFleet, name: string, panic: { id: string; serial: number }): void {
  fleet.node(name).acknowledge(backReceipt(fleet, name, panic));
}

/** Each node that hears a panic is back at once. */
async function answerAll(fleet: DevFleet): Promise<void> {
  for (const name of names) {
    const id = await vi.waitUntil(() => fleet.node(name).panics.at(-1), patience);
    goBack(fleet, name, { id, serial: 2 });
  }
}

async function asOperator<T>(configFile: string, work: (link: NatsLink) => Promise<T>): Promise<T> {
  const text = await readFile(configFile, "utf8");
  const servers = [/natsServers = \["([^"]+)"/u.exec(text)?.[1] ?? ""];
  const seed = /natsSeedFile = "([^"]+)"/u.exec(text)?.[1] ?? "";
  const link = await openNatsLink({ servers, nkey: parseNkeySeed(await readFile(seed, "utf8")) });
  try {
    return await work(link);
  } finally {
    await link.close();
  }
}

export type OpenedGround = Awaited<ReturnType<typeof openedNow>>;

/** As an operator has it who opened the road now. */
async function openedNow(fleet: DevFleet) {
  const { fleetId } = fleet;
  const { head } = await viewOf(fleet);
  if (head === null) throw new Error("there is a head");
  const { keySets } = KeyChain.parse((await fleet.http("GET", "/v1/keys")).body);
  const chain = walkFleetKeys(keySets, fleetId);
  const { roles } = chain.at(-1)?.set ?? {};
  if (roles === undefined) throw new Error("there is a key set");
  const trust = { fleetId, roles, chain, known: new Set<never>(), vouched: undefined };
  return { fleetId, chain, head, trust };
}

/** By the controller, as another operator would; its id. */
async function panicNewest(fleet: DevFleet) {
  const { head } = await viewOf(fleet);
  if (head === null) throw new Error("there is a head");
  const { epoch, serial, revertTo } = head.head;
  const panic = { epoch, serial, undoes: head.id, world: revertTo, reason: "bob" };
  const envelope = await fleet.sealed("panic", panic, "panic");
  const { status, body } = await fleet.http("PUT", "/v1/panic", { envelope });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return panicId(envelope);
}

async function onTop(link: NatsLink, fleetId: string) {
  const found = await readDocument(link, subjects.desiredGet("panic", fleetId));
  if (found.kind !== "found") return null;
  return { id: panicId(found.envelope), revision: found.revision };
}

interface RawNats {
  nats: NatsConnection;
  jsm: JetStreamManager;
}

/** With the controller's own nkey, past the controller. */
async function asController<T>(fleet: DevFleet, work: (raw: RawNats) => Promise<T>): Promise<T> {
  const file = JSON.parse(await readFile(join(fleet.dir, "controller.json"), "utf8"));
  const { servers, seedFile } = ControllerFile.parse(file).nats;
  const signer = parseNkeySeed(await readFile(seedFile, "utf8"));
  const nats = await connect({
    servers,
    inboxPrefix: "_INBOX_controller",
    authenticator: (nonce?: string) => ({
      nkey: signer.publicKey,
      sig: signer.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
  try {
    return await work({ nats, jsm: await nats.jetstreamManager({ checkAPI: false }) });
  } finally {
    await nats.close();
  }
}
