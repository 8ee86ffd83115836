import { expect, test } from "vitest";
import { Digest, FleetId, NodeName, StorePath } from "../names.ts";
import { seal, type Envelope } from "../signed/envelope.ts";
import { generateKey, parseSecretKey } from "../signed/keys.ts";
import type { Receipt } from "../signed/receipt.ts";
import { provenOf } from "./rollout-policy.ts";
import { waveDigest, WaveList } from "./wave-list.ts";
import { provenNodes } from "./wave-receipts.ts";

const head = Digest.parse("b".repeat(64));
const other = Digest.parse("c".repeat(64));
const people = ["n1", "n2", "n3"].map((name) => {
  const { secret, public: nodeKey } = generateKey(name);
  return { node: NodeName.parse(name), nodeKey, signer: parseSecretKey(secret) };
});
const list: WaveList = { v: 1, kind: "wave", nodes: people.map(({ node, nodeKey }) => ({ node, nodeKey })) };

const [a, b] = ["a", "b"].map((letter) =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`),
);
const early = "2026-11-29T00:00:00.000Z";

function receiptOf(index: number, changes: Partial<Receipt> = {}, signedBy = index): Envelope {
  const person = people[index];
  const at = "2026-11-29T00:00:00.000Z";
  const receipt = {
    v: 1,
    kind: "receipt",
    fleetId: FleetId.parse("f".repeat(64)),
    node: person?.node,
    document: { kind: "head", id: head, epoch: 0, serial: 7 },
    state: "committed",
    target: b,
    current: b,
    times: { ack: at, active: at, pointer: at, boot: at },
    at,
    ...changes,
  };
  const signer = people[signedBy]?.signer;
  return seal("receipt", receipt, signer === undefined ? [] : [signer]);
}

const gather = (receipts: Envelope[], about = head) => ({ v: 1 as const, head: about, wave: 0, receipts });

test("a node that signed its commit counts once", () => {
  const proven = provenNodes(gather([receiptOf(0), receiptOf(0), receiptOf(2)]), list, head);
  expect([...proven]).toEqual(["n1", "n3"]);
});

test.each<[string, Envelope]>([
  ["that another node signed", receiptOf(0, {}, 1)],
  ["of another head", receiptOf(0, { document: { kind: "head", id: other, epoch: 0, serial: 6 } })],
  ["of a node in probation", receiptOf(0, { state: "probation" })],
  // Its state word is still that of the order before.
  [
    "of a node that has committed the order before, and not begun",
    receiptOf(0, { current: a ?? null, times: { ack: early, active: null, pointer: null, boot: null } }),
  ],
  [
    "of a node whose next boot is another",
    receiptOf(0, { times: { ack: early, active: early, pointer: early, boot: null } }),
  ],
  [
    "of a node that went back when the rollout was taken back",
    receiptOf(0, { document: { kind: "head", id: head, epoch: 0, serial: 7, rank: 1 } }),
  ],
  ["of a node that runs something else by now", receiptOf(0, { current: a ?? null })],
  ["of a node that has nothing to run", receiptOf(0, { target: null, current: null })],
  ["whose signature was moved", { ...receiptOf(0), signatures: receiptOf(1).signatures }],
])("a receipt %s counts for nothing", (_, envelope) => {
  expect(provenNodes(gather([envelope]), list, head).size).toBe(0);
});

test("receipts that were gathered for another head count for nothing", () => {
  expect(provenNodes(gather([receiptOf(0)], other), list, head).size).toBe(0);
});

test("a list is named by what it says, whoever wrote it down", () => {
  const again = WaveList.parse(JSON.parse(JSON.stringify({ nodes: list.nodes, kind: "wave", v: 1 })));
  expect(waveDigest(again)).toBe(waveDigest(list));
});

test.each([
  [50, 1, 1],
  [50, 3, 2],
  [1, 40, 1],
  [100, 7, 7],
])("%i per cent of %i are at least %i", (proven, size, least) => {
  expect(provenOf({ proven }, size)).toBe(least);
});
