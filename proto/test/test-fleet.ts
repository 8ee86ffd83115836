/** A fleet of three nodes with all its documents, made from public keys and fixed times: for tests and test vectors. */
import { accept, type Incoming } from "../src/acceptance/accept.ts";
import { initialTrust, markCommitted, type TrustState } from "../src/acceptance/trust-state.ts";
import type { Judge } from "../src/acceptance/verdict.ts";
import { Digest, FleetId, NodeName, StorePath } from "../src/names.ts";
import { sha256 } from "../src/signed/canonical.ts";
import { seal, type Envelope } from "../src/signed/envelope.ts";
import type { Fresh } from "../src/signed/fresh.ts";
import type { Head } from "../src/signed/head.ts";
import type { KeySet } from "../src/signed/key-set.ts";
import { Nonce, type Order, type OrderAction } from "../src/signed/order.ts";
import type { Panic } from "../src/signed/panic.ts";
import { proveLeaf, worldId, type Leaf, type LeafProof } from "../src/signed/world.ts";
import { testSigner } from "./test-keys.ts";

export const rootsOld = ["root-a", "root-b", "root-c"].map(testSigner);
export const rootsNew = ["root-d", "root-e", "root-f"].map(testSigner);
export const publishers = ["ops-1", "ops-2", "ops-3"].map(testSigner);
export const panicSigner = testSigner("panic-1");
export const orderSigner = testSigner("order-1");
export const freshSigner = testSigner("fresh-1");
export const nodeSigner = testSigner("n1");

const keysOf = (signers: typeof rootsOld, threshold: number) => ({
  keys: signers.map(({ publicKey }) => publicKey),
  threshold,
});

export const keySetOne: KeySet = {
  v: 1,
  kind: "keys",
  epoch: 0,
  version: 1,
  expires: "2027-11-23T12:00:00.000Z",
  roles: {
    root: keysOf(rootsOld, 2),
    publish: keysOf(publishers, 2),
    panic: keysOf([panicSigner], 1),
    order: keysOf([orderSigner], 1),
    fresh: keysOf([freshSigner], 1),
  },
};
export const keysOne = seal("keys", keySetOne, rootsOld.slice(0, 2));
export const idOf = (envelope: Envelope) => sha256(Buffer.from(envelope.payload, "base64"));
export const fleetId = FleetId.parse(idOf(keysOne));
/** The root is handed over: two of the old and two of the new sign. */
export const keySetTwo: KeySet = {
  ...keySetOne,
  fleetId,
  version: 2,
  roles: { ...keySetOne.roles, root: keysOf(rootsNew, 2) },
};
export const handOver = [...rootsOld.slice(1), ...rootsNew.slice(0, 2)];
export const keysTwo = seal("keys", keySetTwo, handOver);

export const at = "2026-11-23T12:00:00.000Z";
export const minutes = (count: number) => new Date(Date.parse(at) + count * 60_000).toISOString();
export const node = NodeName.parse("n1");
export const judge: Judge = {
  node,
  nodeKey: nodeSigner.publicKey,
  nowMs: Date.parse(minutes(10)),
  freshSeconds: 3600,
};

export const toplevel = (letter: string) =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-26.05`);

/** The worlds of these tests differ in one letter of every toplevel. */
export function leavesOf(letter: string, over: Partial<Leaf> = {}): Leaf[] {
  return ["n1", "n2", "n3"].map((name) => ({
    v: 1,
    fleetId,
    node: NodeName.parse(name),
    nodeKey: name === "n1" ? nodeSigner.publicKey : testSigner(name).publicKey,
    toplevel: toplevel(letter),
    closure: Digest.parse("0".repeat(64)),
    closureSize: 4096,
    substituters: ["http://hub:7070/cache"],
    ...over,
  }));
}

export function proofOf(leaves: readonly Leaf[], name = "n1"): LeafProof {
  const proof = proveLeaf(leaves, name);
  if (proof === undefined) throw new Error(`no node ${name}`);
  return proof;
}

export function headOf(serial: number, letter: string, over: Partial<Head> = {}): Head {
  const leaves = leavesOf(letter);
  return {
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial,
    world: worldId(leaves),
    size: leaves.length,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: at,
    notAfter: minutes(24 * 60),
    author: "ops@example",
    reason: "",
    ...over,
  };
}

export const signHead = (head: Head, signers = publishers.slice(0, 2)) => seal("head", head, signers);

export function panicOf(undone: Envelope, head: Head, over: Partial<Panic> = {}): Panic {
  const { epoch, serial } = head;
  const base = { v: 1, kind: "panic", fleetId, epoch, serial, undoes: idOf(undone) } as const;
  return { ...base, world: worldId(leavesOf("a")), reason: "it burns", ...over };
}

export const signPanic = (panic: Panic) => seal("panic", panic, [panicSigner]);

export function orderOf(action: OrderAction, nonce: string, over: Partial<Order> = {}): Order {
  return {
    v: 1,
    kind: "order",
    fleetId,
    nonce: Nonce.parse(nonce.repeat(32).slice(0, 32)),
    nodes: [node],
    createdAt: at,
    notAfter: minutes(60),
    author: "ops@example",
    reason: "",
    action,
    ...over,
  };
}

export const signOrder = (order: Order) => seal("order", order, [orderSigner]);
export const hold: OrderAction = { kind: "hold", until: minutes(120), drift: false, evenPanic: false };

export function signFresh(over: Partial<Fresh> = {}): Envelope {
  const fresh: Fresh = { v: 1, kind: "fresh", fleetId, head: null, revision: 0, at, ...over };
  return seal("fresh", fresh, [freshSigner]);
}

/** The state after a document that must be accepted. */
export function taken(state: TrustState, document: Incoming, over: Partial<Judge> = {}): TrustState {
  const verdict = accept(state, document, { ...judge, ...over });
  if (verdict.kind !== "accepted") throw new Error(`not accepted: ${JSON.stringify(verdict)}`);
  return verdict.state;
}

export const headOne = signHead(headOf(1, "a"));
export const headTwo = signHead(headOf(2, "b", { previous: idOf(headOne) }));
export const offer = (envelope: Envelope, letter: string): Incoming => ({
  kind: "head",
  envelope,
  proof: proofOf(leavesOf(letter)),
});

export const stateNew = initialTrust(keysOne, fleetId);
export const stateFresh = taken(stateNew, { kind: "fresh", envelope: signFresh() });
/** Head 1 is committed. */
export const stateOne = markCommitted(taken(stateFresh, offer(headOne, "a")), idOf(headOne), minutes(1));
/** Head 2 is accepted. */
export const stateTwo = taken(stateOne, offer(headTwo, "b"));
