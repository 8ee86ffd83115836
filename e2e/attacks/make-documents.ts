// SHELL. Documents as an operator would sign them: what an attack changes, it changes in one of these.
import { seal, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import { KeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import type { Order, OrderAction } from "@chimera/proto/signed/order";
import type { Panic } from "@chimera/proto/signed/panic";
import { KeyChain } from "@chimera/proto/api";
import { newestHead, newNonce, type Scene } from "./scene.ts";

const hourMs = 3_600_000;

/** Fields as an attacker writes them: of any type. */
export type Changes = Readonly<Record<string, unknown>>;

export function stranger(name = "mallory"): Signer {
  return parseSecretKey(generateKey(name).secret);
}

/** The next head, for the world of now. */
export async function nextHead(scene: Scene, changes: Changes = {}): Promise<Changes> {
  const { head, id } = await newestHead(scene);
  const now = Date.now();
  const next = {
    ...head,
    serial: head.serial + 1,
    previous: id,
    mode: "deploy",
    revertTo: null,
    consentUntil: null,
    createdAt: iso(now),
    notAfter: iso(now + hourMs),
    author: "mallory@nowhere",
    reason: "attack",
  } satisfies Record<keyof Head, unknown>;
  return { ...next, ...changes };
}

export async function signedHead(scene: Scene, changes: Changes = {}): Promise<Envelope> {
  return seal("head", await nextHead(scene, changes), scene.signers.publish);
}

/** For the newest head, back to its own world. */
export async function panicForNewest(scene: Scene, changes: Changes = {}): Promise<Changes> {
  const { head, id } = await newestHead(scene);
  const panic = {
    v: 1,
    kind: "panic",
    fleetId: head.fleetId,
    epoch: head.epoch,
    serial: head.serial,
    undoes: id,
    world: head.world,
    reason: "attack",
  } satisfies Record<keyof Panic, unknown>;
  return { ...panic, ...changes };
}

export function orderFor(scene: Scene, changes: Changes = {}): Changes {
  const now = Date.now();
  const order = {
    v: 1,
    kind: "order",
    fleetId: scene.fleet.facts.fleetId,
    nonce: newNonce(),
    nodes: [scene.node.name],
    createdAt: iso(now),
    notAfter: iso(now + hourMs),
    author: "mallory@nowhere",
    reason: "attack",
    action: { kind: "release" } satisfies OrderAction,
  } satisfies Record<keyof Order, unknown>;
  return { ...order, ...changes };
}

/** The newest key set, as the controller shows it. */
export async function newestKeySet(scene: Scene): Promise<KeySet> {
  const { keySets } = KeyChain.parse((await scene.call("GET", "/v1/keys")).json);
  const newest = keySets.at(-1);
  if (newest === undefined) throw new Error("the fleet has no key set");
  return KeySet.parse(JSON.parse(payloadOf(newest, "keys").toString("utf8")));
}

export async function nextKeySet(scene: Scene, changes: Changes = {}): Promise<Changes> {
  const newest = await newestKeySet(scene);
  return { ...newest, fleetId: scene.fleet.facts.fleetId, version: newest.version + 1, ...changes };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
