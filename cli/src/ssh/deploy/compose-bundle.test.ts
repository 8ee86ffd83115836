/** What a node is brought: for it alone, with the key sets that it lacks. */
import { Delivery } from "@chimera/proto/delivery";
import { NodeName } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { verifyLeaf, worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { createSignedFleet, toplevel } from "../../../test/fixture/signed-fleet.ts";
import { closureOf } from "../../../test/fixture/store-object.ts";
import { headBundle, panicBundle } from "./compose-bundle.ts";
import { longerChain } from "../fleet/known-fleet.ts";

const fleet = createSignedFleet(["a", "b"]);
const { fleetId } = fleet;
const [first] = fleet.chain;
if (first === undefined) throw new Error("no keys");
const more = [2, 3].map((version) =>
  seal("keys", { ...first.set, version, fleetId }, [fleet.signer("root")]),
);
const chain = longerChain(fleet.chain, more);
const head = fleet.head(7, fleet.world());
const node = NodeName.parse("b");
const receiver = { fleetId, node, keys: fleet.keySet, chain };
const full = { ...receiver, head: head.envelope, proof: fleet.proof(head, "b"), fresh: null };

test("its own leaf proves itself against the head, and the closure list is in its one order", () => {
  const entries = closureOf(toplevel("b"));
  const { documents, closure } = Delivery.parse(headBundle({ ...full, closure: entries.toReversed() }));
  const proof = documents.head?.proof;
  if (proof === undefined) throw new Error("no leaf");
  const leaf = verifyLeaf(proof, { world: worldId(head.leaves), size: 2, fleetId }, node);
  expect(leaf.node).toBe("b");
  expect(closure?.entries.map(({ path }) => path)).toEqual(entries.map(({ path }) => path).toSorted());
});

test.each([
  ["the first one", fleet.keySet, [2, 3]],
  ["the second one", more[0] ?? null, [3]],
  ["the newest", more[1] ?? null, []],
  ["none", null, []],
  ["garbage", head.envelope, []],
])("a node with %s is brought what is above it", (_, keys, versions) => {
  const { documents } = headBundle({ ...full, keys, closure: undefined });
  expect(documents.keySets).toEqual(versions.map((version) => more[version - 2]));
});

test("a node that was not heard is brought the newest sixteen: it knows those that it has", () => {
  const many = Array.from({ length: 18 }, (_, i) =>
    seal("keys", { ...first.set, version: i + 2, fleetId }, [fleet.signer("root")]),
  );
  const long = longerChain(fleet.chain, many);
  const asked = { ...full, keys: "unknown", closure: undefined } as const;
  expect(headBundle({ ...asked, chain }).documents.keySets).toEqual([fleet.keySet, ...more]);
  expect(headBundle({ ...asked, chain: long }).documents.keySets).toEqual(many.slice(-16));
});

test("a panic comes with the head that it undoes, and a node without a leaf gets no head", () => {
  const undo = fleet.panic(head);
  const { documents, closure } = panicBundle({ ...receiver, panic: undo.envelope, undone: head.envelope });
  expect(documents).toMatchObject({ panic: { envelope: undo.envelope, undone: head.envelope }, head: null });
  expect(closure).toBeNull();
  expect(() => headBundle({ ...full, proof: undefined, closure: undefined })).toThrow(
    expect.objectContaining({ code: "node-unknown" }),
  );
});
