/** Receipts hold only from the fleet's id over key set, document, leaf and node key, and about the document they name. */
import { describe, expect, test } from "vitest";
import { createSignedFleet, toplevel } from "../../test/fixture/signed-fleet.ts";
import { ReceiptsFile, type SavedReceipt } from "./receipts-file.ts";
import { verifyReceipts } from "./verify-receipts.ts";

const fleet = createSignedFleet(["a", "b"]);
const head = fleet.head(7, fleet.world());
const older = fleet.head(6, [fleet.leaf("a", toplevel("old")), fleet.leaf("b")]);
const panic = fleet.panic(head);
const documents = [head.envelope, older.envelope, panic.envelope];
const good: SavedReceipt = {
  receipt: fleet.receipt("a", head),
  proof: fleet.proof(head, "a"),
  head: head.id,
};

function verdictOf(changes: Partial<SavedReceipt>, file: Partial<ReceiptsFile> = {}) {
  const [verdict] = verifyReceipts(
    { documents, receipts: [{ ...good, ...changes }], ...file },
    fleet.chain,
    fleet.fleetId,
  );
  return verdict;
}

test("a receipt of the node's own key about a signed head holds, with its times", () => {
  expect(verdictOf({})).toMatchObject({
    holds: true,
    receipt: { node: "a", state: "committed", document: { kind: "head", id: head.id, keySet: 1 } },
  });
});

test("a receipt of a panic holds by the leaf of the head that it undoes", () => {
  const document = { kind: "panic", id: panic.id, epoch: 0, serial: 7 };
  expect(verdictOf({ receipt: fleet.receipt("a", head, { document, target: null }) })).toMatchObject({
    holds: true,
    receipt: { document: { kind: "panic", place: { serial: 7, rank: 1 } } },
  });
});

describe("refused, by node and reason:", () => {
  const a = fleet.node("a").signer;
  const b = fleet.node("b").signer;
  const document = { kind: "head", id: head.id, epoch: 0, serial: 7 };
  test.each<[string, Partial<SavedReceipt>, RegExp]>([
    ["another node's key", { receipt: fleet.receipt("a", head, { by: b }) }, /0 of 1 valid receipt/u],
    [
      "a node that speaks for another",
      { receipt: fleet.receipt("a", head, { node: "b", by: a }) },
      /is b's, the leaf a's/u,
    ],
    ["another node's leaf", { proof: fleet.proof(head, "b") }, /valid receipt signatures/u],
    [
      "a leaf of another head's world",
      { proof: fleet.proof(older, "a"), head: older.id },
      /not of its document/u,
    ],
    ["a proof of another world", { proof: fleet.proof(older, "a") }, /not in the signed world/u],
    ["a head that is not in the file", { head: fleet.head(9, fleet.world()).id }, /not among the documents/u],
    ["a panic for a head", { head: panic.id }, /not among the documents/u],
    ["another fleet", { receipt: fleet.receipt("a", head, { fleetId: "0".repeat(64) }) }, /is for fleet/u],
    [
      "another place",
      { receipt: fleet.receipt("a", head, { document: { ...document, serial: 8 } }) },
      /another place/u,
    ],
    [
      "another kind",
      { receipt: fleet.receipt("a", head, { document: { ...document, kind: "panic" } }) },
      /not in the file/u,
    ],
    [
      "another target",
      { receipt: fleet.receipt("a", head, { target: toplevel("evil") }) },
      /not the leaf's/u,
    ],
    [
      "a status as a receipt",
      { receipt: { ...good.receipt, payloadType: "application/vnd.chimera.status.v1+json" } },
      /payload type/u,
    ],
    ["a leaf that is none", { proof: { ...good.proof, leaf: "AAAA" } }, /in no form/u],
  ])("%s", (_, changes, says) => {
    expect(verdictOf(changes)).toMatchObject({ holds: false, reason: expect.stringMatching(says) });
  });
});

test.each([
  ["a head of a key that is not the fleet's", fleet.head(7, fleet.world(), { by: fleet.signer("stranger") })],
  ["a head signed by the panic key", fleet.head(7, fleet.world(), { by: fleet.signer("panic") })],
  ["a head of another epoch", fleet.head(7, fleet.world(), { epoch: 3 })],
  ["a head of another fleet", fleet.head(7, fleet.world(), { fleetId: "0".repeat(64) })],
])("%s spoils the whole file", (_, forged) => {
  expect(() => verdictOf({}, { documents: [forged.envelope] })).toThrow(/head/u);
});

test("the file's format of version 1 is read as it was written", () => {
  const file = {
    v: 1,
    kind: "chimera-receipts",
    fleetId: fleet.fleetId,
    keySets: [fleet.keySet],
    documents,
    receipts: [good],
  };
  expect(ReceiptsFile.parse(JSON.parse(JSON.stringify(file)))).toEqual(file);
  for (const wrong of [{ ...file, v: 2 }, { ...file, keySets: [] }, { ...file, kind: "x" }, [], null]) {
    expect(ReceiptsFile.safeParse(wrong).success).toBe(false);
  }
});
