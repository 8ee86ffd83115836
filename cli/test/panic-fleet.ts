/** SHELL. For tests of `chimera panic` straight in NATS: a fleet of two nodes with a prepared panic, and what its nodes say. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetView } from "@chimera/proto/api";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { vi } from "vitest";
import { openNatsLink, type NatsLink } from "../src/nats/connection.ts";
import { startDevFleet, type DevFleet } from "./dev-fleet.ts";

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
