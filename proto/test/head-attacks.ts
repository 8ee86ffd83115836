/** Heads, and leaves of heads, that a node must refuse. */
import { quarantineHere } from "../src/acceptance/trust-state.ts";
import { FleetId, WorldId } from "../src/names.ts";
import { canonicalBytes } from "../src/signed/canonical.ts";
import { seal, sealBytes, type Envelope } from "../src/signed/envelope.ts";
import type { Head } from "../src/signed/head.ts";
import { hashLeaf, merkleRoot } from "../src/signed/merkle.ts";
import { maxSerialJump } from "../src/signed/place.ts";
import { worldId, type Leaf, type LeafProof } from "../src/signed/world.ts";
import type { Attack } from "./attacks.ts";
import {
  at,
  headOf,
  keySetTwo,
  leavesOf,
  minutes,
  offer,
  panicSigner,
  proofOf,
  publishers,
  rootsOld,
  handOver,
  signFresh,
  signHead,
  signOrder,
  orderOf,
  stateTwo,
  taken,
  toplevel,
} from "./test-fleet.ts";
import { testSigner } from "./test-keys.ts";

const three = headOf(3, "c");
const right = signHead(three);
const bytes = Buffer.from(JSON.stringify(three));
const two = publishers.slice(0, 2);
const [first] = publishers;
if (first === undefined) throw new Error("no publisher");
const base = { state: stateTwo };
const bySignature = (name: string, envelope: Envelope): Attack => ({
  ...base,
  name: `head ${name}`,
  document: offer(envelope, "c"),
  code: "signature-invalid",
});
const signatures: Attack[] = [
  bySignature("without signatures", { ...right, signatures: [] }),
  bySignature("signed by keys that nobody knows", seal("head", three, [testSigner("x"), testSigner("y")])),
  bySignature(
    "signed by unknown keys under the names of known ones",
    seal("head", three, [
      { ...testSigner("x"), name: "ops-1" },
      { ...testSigner("y"), name: "ops-2" },
    ]),
  ),
  bySignature("signed by the panic key", seal("head", three, [panicSigner])),
  bySignature("signed by root", seal("head", three, rootsOld)),
  bySignature("one signature short", seal("head", three, [first])),
  bySignature("signed twice by one key", seal("head", three, [first, first])),
  bySignature(
    "signed twice by one key under two names",
    seal("head", three, [first, { ...first, name: "ops-2" }]),
  ),
  bySignature("of the payload type of another kind", {
    ...right,
    payloadType: "application/vnd.chimera.order.v1+json",
  }),
  bySignature("signed as another kind", { ...seal("order", three, two), payloadType: right.payloadType }),
  bySignature("with bytes behind what was signed", {
    ...right,
    payload: Buffer.concat([bytes, Buffer.from(" ")]).toString("base64"),
  }),
  bySignature("changed after it was signed", {
    ...right,
    payload: Buffer.from(JSON.stringify({ ...three, reason: "x" })).toString("base64"),
  }),
];

const byBytes = (name: string, payload: Buffer, code: Attack["code"] = "input-invalid"): Attack => ({
  ...base,
  name: `head whose signed bytes are ${name}`,
  document: offer(sealBytes("head", payload, two), "c"),
  code,
});
const broken: Attack[] = [
  byBytes("not JSON", Buffer.from("{")),
  byBytes("JSON and more", Buffer.concat([bytes, Buffer.from("{}")])),
  byBytes("not UTF-8", Buffer.from(JSON.stringify({ ...three, reason: "ÿ" }), "latin1")),
  byBytes("behind a byte order mark", Buffer.concat([Buffer.from("efbbbf", "hex"), bytes])),
  byBytes("8,000 brackets deep", Buffer.from("[".repeat(8000) + "]".repeat(8000))),
  byBytes("too many", Buffer.from(JSON.stringify({ ...three, more: "x".repeat(20_000) })), "body-too-large"),
  byBytes("another document", Buffer.from(JSON.stringify({ ...three, kind: "panic" }))),
  byBytes("of a version to come", Buffer.from(JSON.stringify({ ...three, v: 2 }))),
];

type Row = [name: string, over: Partial<Head>, code: Attack["code"], more?: Partial<Attack>];
const row = (...[name, over, code, more = {}]: Row): Attack => ({
  ...base,
  name: `head ${name}`,
  document: offer(signHead(headOf(3, "c", over)), "c"),
  code,
  ...more,
});
const epochOne = taken(
  taken(stateTwo, { kind: "keys", envelope: seal("keys", { ...keySetTwo, epoch: 1 }, handOver) }),
  { kind: "fresh", envelope: signFresh({ at: minutes(1) }) },
);
const afterReset = taken(epochOne, offer(signHead(headOf(1, "c", { epoch: 1 })), "c"));
const silent = { ...stateTwo, fresh: null };
const places: Attack[] = [
  row("of a lower serial", { serial: 1 }, "order-stale"),
  row("of the same serial with other bytes", { serial: 2 }, "order-equivocation"),
  row("10,001 above", { serial: 2 + maxSerialJump + 1 }, "order-jump"),
  row("of an epoch that the key set has not", { epoch: 1 }, "order-jump"),
  row("of an epoch that root has ended", { serial: 9 }, "order-stale", { state: afterReset }),
  row("of the old epoch, though higher than all, after root began another", { serial: 9 }, "order-jump", {
    state: epochOne,
  }),
  row("far above what root began anew", { epoch: 1, serial: maxSerialJump + 1 }, "order-jump", {
    state: epochOne,
  }),
  row("of another fleet", { fleetId: FleetId.parse("f".repeat(64)) }, "fleet-mismatch"),
  row("past its notAfter", { notAfter: minutes(9) }, "head-expired"),
  row(
    "past its notAfter, where the clock says 1970",
    { notAfter: "2026-11-23T11:59:59.999Z" },
    "head-expired",
    { judge: { nowMs: 0 } },
  ),
  row("past its notAfter by the online key's word", { notAfter: minutes(4) }, "head-expired", {
    state: taken(stateTwo, { kind: "fresh", envelope: signFresh({ at: minutes(5) }) }),
    judge: { nowMs: 0 },
  }),
  row("where the clock is a day ahead", { notAfter: minutes(5000) }, "freeze-suspected", {
    judge: { nowMs: Date.parse(minutes(1440)) },
  }),
  row("where the online key was never heard", {}, "freeze-suspected", { state: silent }),
  row("where the online key was last heard too long ago", {}, "freeze-suspected", {
    judge: { nowMs: Date.parse(at) + 3_600_001 },
  }),
  row("under a key set that is past its time", { notAfter: "2028-01-01T00:00:00Z" }, "keys-expired", {
    judge: { nowMs: Date.parse("2027-11-23T12:00:00.001Z") },
  }),
  row("for a system that operators put in quarantine", {}, "quarantined", {
    state: taken(stateTwo, {
      kind: "order",
      envelope: signOrder(
        orderOf({ kind: "quarantine", serial: 1, toplevels: [toplevel("c")], pardoned: [] }, "5"),
      ),
    }),
  }),
  row("for a system that this node put in quarantine", {}, "quarantined", {
    state: quarantineHere(stateTwo, { toplevel: toplevel("c"), reason: "it failed", at }),
  }),
];

const leaves = leavesOf("c");
const proof = proofOf(leaves);
const byLeaf = (name: string, forged: LeafProof, head = three): Attack => ({
  ...base,
  name: `head with ${name}`,
  document: { kind: "head", envelope: signHead(head), proof: forged },
  code: "leaf-unproven",
});
const inWorld = (name: string, over: Partial<Leaf>): Attack => {
  const others = leavesOf("c", over);
  return byLeaf(name, proofOf(others, others[0]?.node), { ...three, world: worldId(others) });
};
const hashes = leaves.map((leaf) => hashLeaf(canonicalBytes(leaf)));
const inner = Buffer.concat([merkleRoot(hashes.slice(0, 2)), merkleRoot(hashes.slice(2))]);
const spaced = Buffer.from(JSON.stringify(leaves[0], null, 1));
const wrongTrees: Attack[] = [
  byLeaf("the leaf of another node", proofOf(leaves, "n2")),
  byLeaf("a leaf of another world", proofOf(leavesOf("d"))),
  byLeaf("another leaf in the place of its own", { ...proof, leaf: proofOf(leavesOf("d")).leaf }),
  byLeaf("a proof of another size", { ...proof, size: 4 }),
  byLeaf("a signed size that is not its world's", { ...proof, size: 5 }, { ...three, size: 5 }),
  byLeaf("a proof that is longer than the tree is high", { ...proof, path: [...proof.path, ...proof.path] }),
  byLeaf("the proof of another place", { ...proof, index: 1 }),
  byLeaf(
    "an inner node of the tree as its leaf",
    { leaf: inner.toString("base64"), index: 0, size: 1, path: [] },
    { ...three, size: 1 },
  ),
  byLeaf(
    "a leaf that is not canonical JSON",
    { leaf: spaced.toString("base64"), index: 0, size: 1, path: [] },
    {
      ...three,
      size: 1,
      world: WorldId.parse(hashLeaf(spaced).toString("hex")),
    },
  ),
  inWorld("a proven leaf of another fleet", { fleetId: FleetId.parse("e".repeat(64)) }),
  inWorld("a proven leaf of another node key", { nodeKey: testSigner("n9").publicKey }),
];

export const headAttacks: readonly Attack[] = [...signatures, ...broken, ...places, ...wrongTrees];
