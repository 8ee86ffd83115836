// SHELL. Where attacks are tried: a fleet of one node, its documents, its keys, and the two places in between to stand.
import { randomBytes } from "node:crypto";
import { EventList, FleetView, NodeView, type StoredHead } from "@chimera/proto/api";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import { type Leaf, World } from "@chimera/proto/signed/world";
import type { NodeEvent } from "@chimera/proto/event";
import type { NodeStatus } from "@chimera/proto/status";
import { keys, type DesiredKind } from "@chimera/proto/subjects";
import { z } from "zod";
import { pointersOf } from "../fleet/fleet-stage.ts";
import type { RawStore } from "../fleet/raw-store.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import type { TamperingProxy } from "../fleet/tampering-proxy.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

/** Whose signatures the fleet takes now: rotation changes them. */
interface Signers {
  root: readonly Signer[];
  publish: readonly Signer[];
  panic: readonly Signer[];
  order: readonly Signer[];
}

export interface Scene {
  fleet: Fleet;
  node: Host;
  store: RawStore;
  proxy: TamperingProxy;
  signers: Signers;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

interface Answer {
  status: number;
  /** Of a problem document. */
  code: string | null;
  json: unknown;
}

const Coded = z.object({ code: z.string() });

/** The controller's HTTP API with an operator's token. */
export async function callerOf(fleet: Fleet): Promise<Scene["call"]> {
  const token = (await fleet.lab.host("ws").runChecked(["cat", "/root/.config/chimera/token"])).trim();
  return async (method, path, body) => {
    const answer = await fetch(`http://${fleet.lab.host("hub").address}:7070${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: body instanceof Buffer ? body : JSON.stringify(body) }),
    });
    const json: unknown = await answer.json().catch(() => null);
    return { status: answer.status, code: Coded.safeParse(json).data?.code ?? null, json };
  };
}

export function desiredKey({ fleet }: Pick<Scene, "fleet">, kind: DesiredKind): string {
  return keys.desired(kind, fleet.facts.fleetId);
}

export async function fleetOf(scene: Scene): Promise<FleetView> {
  return FleetView.parse((await scene.call("GET", "/v1/fleet")).json);
}

/** The newest head that the controller holds for right. */
export async function newestHead(scene: Scene): Promise<StoredHead> {
  const { head } = await fleetOf(scene);
  if (head === null) throw new Error("the fleet has no head");
  return head;
}

export async function ownLeaf(scene: Scene): Promise<Leaf> {
  const { head } = await newestHead(scene);
  const world = World.parse((await scene.call("GET", `/v1/worlds/${head.world}`)).json);
  const leaf = world.leaves.find(({ node }) => node === scene.node.name);
  if (leaf === undefined) throw new Error(`the world has no leaf of ${scene.node.name}`);
  return leaf;
}

/** All that the node has accepted, as it lies on its disk. */
export function trustOf(node: Host): Promise<string> {
  return node.runChecked(["cat", "/var/lib/chimera/trust.json"]);
}

/** What no attack may change: what runs, what would boot, and all that the node has accepted. */
export async function stateOf({ node }: Scene, without: readonly string[] = []) {
  const text = await trustOf(node);
  const trust = Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
  // The controller's word of freshness comes by itself, every few minutes.
  const kept = trust.filter(([name]) => name !== "fresh" && !without.includes(name));
  return { pointers: await pointersOf(node), trust: Object.fromEntries(kept) };
}

/** From the API itself: an operator's own program remembers what it has seen, and would stop here. */
export async function viewOf(scene: Scene): Promise<NodeView> {
  return NodeView.parse((await scene.call("GET", `/v1/nodes/${scene.node.name}`)).json);
}

/** Polls until the node says so. */
export async function statusWhen(
  scene: Scene,
  condition: (status: NodeStatus) => boolean,
): Promise<NodeStatus> {
  let last: NodeStatus | null = null;
  const look = async () => {
    last = (await viewOf(scene)).status;
    return last !== null && condition(last) && last;
  };
  try {
    return await waitUntil("the status as expected", look, { timeoutMs: 60_000, everyMs: 100 });
  } catch (cause) {
    throw new Error(`last status of ${scene.node.name}: ${JSON.stringify(last)}`, { cause });
  }
}

/** Newest first. */
export async function refusalsOf(scene: Scene): Promise<NodeEvent[]> {
  const path = `/v1/nodes/${scene.node.name}/events?type=document-refused&limit=20`;
  return EventList.parse((await scene.call("GET", path)).json).events;
}

/** As if nothing had been written past the controller. */
export async function restoreHead({ store, fleet }: Scene, envelope: Envelope): Promise<void> {
  const key = desiredKey({ fleet }, "head");
  await store.erase(key);
  await store.put(key, envelope);
}

export function newNonce(): string {
  return randomBytes(16).toString("hex");
}
