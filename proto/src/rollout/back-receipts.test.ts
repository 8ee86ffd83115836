import { expect, test } from "vitest";
import { Digest, FleetId, NodeName, StorePath } from "../names.ts";
import { seal, type Envelope } from "../signed/envelope.ts";
import { generateKey, parseSecretKey } from "../signed/keys.ts";
import { backReceiptsOf, isBackProven } from "./back-receipts.ts";
import type { WaveList } from "./wave-list.ts";

const head = Digest.parse("b".repeat(64));
const people = ["n1", "n2", "n3", "n4"].map((name) => {
  const { secret, public: nodeKey } = generateKey(name);
  return { node: NodeName.parse(name), nodeKey, signer: parseSecretKey(secret) };
});
const [canary, ...rest] = people.map(({ node, nodeKey }) => ({ node, nodeKey }));
const lists: WaveList[] = [canary === undefined ? [] : [canary], rest].map((nodes) => ({
  v: 1,
  kind: "wave",
  nodes,
}));
const target = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);
const at = "2026-11-29T00:00:00.000Z";
const document = { kind: "head", id: head, epoch: 0, serial: 7, rank: 1 };

function receiptOf(index: number, changes: object = {}, signedBy = index): Envelope {
  const receipt = {
    v: 1,
    kind: "receipt",
    fleetId: FleetId.parse("f".repeat(64)),
    node: people[index]?.node,
    document,
    state: "committed",
    target,
    current: target,
    times: { ack: at, active: at, pointer: at, boot: at },
    at,
    ...changes,
  };
  const signer = people[signedBy]?.signer;
  return seal("receipt", receipt, signer === undefined ? [] : [signer]);
}

const isProven = (receipts: Envelope[], about = head) =>
  isBackProven({ v: 1, head: about, receipts }, lists, head);

test("half of a world proves that it went back, from whatever wave", () => {
  expect(isProven([receiptOf(0), receiptOf(2)])).toBe(true);
  expect(isProven([receiptOf(1), receiptOf(1)])).toBe(false);
  expect(isProven([receiptOf(0), receiptOf(1)], Digest.parse("c".repeat(64)))).toBe(false);
});

test.each<[string, Envelope]>([
  ["that another node signed", receiptOf(0, {}, 1)],
  ["of a node that has committed the head", receiptOf(0, { document: { ...document, rank: undefined } })],
  ["of the way back from another head", receiptOf(0, { document: { ...document, id: "c".repeat(64) } })],
  ["of a panic", receiptOf(0, { document: { ...document, kind: "panic" } })],
  ["of a node that is on its way back", receiptOf(0, { state: "reverting" })],
  ["of a node that has not gone", receiptOf(0, { current: null })],
])("a receipt %s counts for nothing", (_, envelope) => {
  expect(isProven([envelope, receiptOf(3)])).toBe(false);
});

test.each([
  [1, 1],
  [3, 2],
  [10, 5],
  [10_000, 500],
])("of %i nodes %i are enough", (size, enough) => {
  expect(backReceiptsOf(size)).toBe(enough);
});
