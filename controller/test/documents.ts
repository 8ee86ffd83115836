/** SHELL. Signed documents for tests, the way operators send them, and what the store holds of them. */
import { randomBytes } from "node:crypto";
import { sha256 } from "@chimera/proto/signed/canonical";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { Signer } from "@chimera/proto/signed/keys";
import { Order } from "@chimera/proto/signed/order";
import { Panic } from "@chimera/proto/signed/panic";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { expect } from "vitest";
import { connectAsController } from "./raw-nats.ts";
import { makeHead, makeLeaf, pushClosure, putHead, type TestFleet } from "./test-fleet.ts";
import { fleetId, fleetKeys } from "./test-keys.ts";

export const hourMs = 3_600_000;
export const iso = (ms: number) => new Date(ms).toISOString();

export async function getFleet(fleet: TestFleet) {
  const answer = await fleet.call("/v1/fleet", { role: "viewer" });
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

export async function pushWorld(fleet: TestFleet, name = "nixos-system-d"): Promise<Leaf[]> {
  const { entry } = await pushClosure(fleet, name);
  const leaves = [makeLeaf(fleet, "n1", entry), makeLeaf(fleet, "n2", entry)];
  await putWorld(fleet, leaves);
  return leaves;
}

export async function putWorld(fleet: TestFleet, leaves: Leaf[]): Promise<void> {
  const path = `/v1/worlds/${worldId(leaves)}`;
  const answer = await fleet.call(path, { method: "PUT", body: { v: 1, leaves } });
  expect(answer.status, answer.text).toBe(200);
}

/** The next head, as it was stored. */
export async function publish(
  fleet: TestFleet,
  leaves: Leaf[],
  change: Partial<Record<keyof Head, unknown>> = {},
) {
  const { head, panic, revision } = await getFleet(fleet);
  const isUndone = panic !== null && panic.panic.undoes === head?.id;
  const serial = (head?.head.serial ?? 0) + 1;
  const previous = isUndone ? panic.id : (head?.id ?? null);
  const answer = await putHead(fleet, makeHead(leaves, { serial, previous, ...change }), revision);
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

export function put(fleet: TestFleet, path: string, envelope: unknown) {
  const method = path === "/v1/orders" ? "POST" : "PUT";
  return fleet.call(path, { method, body: { envelope } });
}

/** Of the document in it. */
export function idOf({ payload }: Envelope): string {
  return sha256(Buffer.from(payload, "base64"));
}

/** Of what a test needs before it begins. */
export async function mustPut(fleet: TestFleet, path: string, envelope: Envelope): Promise<void> {
  const answer = await put(fleet, path, envelope);
  expect(answer.status, answer.text).toBe(200);
}

/** The panic for a stored head. */
export function panicFor(
  { id, head }: { id: string; head: Head },
  world: string,
  change: Partial<Record<keyof Panic, unknown>> = {},
): Panic {
  const { epoch, serial } = head;
  return Panic.parse({
    v: 1,
    kind: "panic",
    fleetId,
    epoch,
    serial,
    undoes: id,
    world,
    reason: "",
    ...change,
  });
}

export function sealPanic(panic: Panic, signers: Signer[] = [fleetKeys.panic]): Envelope {
  return seal("panic", panic, signers);
}

export function makeOrder(change: Partial<Record<keyof Order, unknown>> = {}): Order {
  return Order.parse({
    v: 1,
    kind: "order",
    fleetId,
    nonce: randomBytes(16).toString("hex"),
    nodes: "all",
    createdAt: iso(Date.now()),
    notAfter: iso(Date.now() + hourMs),
    author: "test",
    reason: "",
    action: { kind: "release" },
    ...change,
  });
}

export function sealOrder(order: Order, signers: Signer[] = [fleetKeys.order]): Envelope {
  return seal("order", order, signers);
}

/** Revisions and bytes of all that lies in the bucket: to be compared before and after. */
export async function bucketState(fleet: TestFleet) {
  const { link } = await connectAsController(fleet);
  const jsm = await link.jetstreamManager();
  const { state } = await jsm.streams.info("KV_chimera", { subjects_filter: ">" });
  await link.close();
  return { last: state.last_seq, messages: state.messages, subjects: state.subjects };
}
