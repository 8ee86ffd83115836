import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accept } from "../src/acceptance/accept.ts";
import { openKeys, TrustState } from "../src/acceptance/trust-state.ts";
import { sha256 } from "../src/signed/canonical.ts";
import { Envelope } from "../src/signed/envelope.ts";
import { openFirstKeySet, walkKeySets } from "../src/signed/key-set.ts";
import { hashLeaf, merkleRoot, verifyInclusion } from "../src/signed/merkle.ts";
import { openOrder } from "../src/signed/order.ts";
import { openPanic } from "../src/signed/panic.ts";
import { openReceipt } from "../src/signed/receipt.ts";
import { MerkleVector } from "./golden-merkle.ts";
import { judge, minutes } from "./test-fleet.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "golden/v1", `${name}.json`), "utf8"));
const envelope = (name: string) => Envelope.parse(read(`${name}-envelope`));
const first = openFirstKeySet(envelope("fleet-keys-1"));

test("the stored key sets are walked, and the second one's root is another", () => {
  const newest = walkKeySets(first, [envelope("fleet-keys-2")]);
  expect(newest.set).toEqual(read("fleet-keys-2"));
  expect(newest.set.roles.root).not.toEqual(first.set.roles.root);
  expect(newest.signedBy).toEqual(["root-b", "root-c", "root-d", "root-e"]);
});

test("the stored documents open with the stored key sets", () => {
  const { roles } = walkKeySets(first, [envelope("fleet-keys-2")]).set;
  expect(openPanic(envelope("panic"), roles.panic).panic).toEqual(read("panic"));
  for (const name of ["order-hold", "order-release", "order-quarantine"]) {
    expect(openOrder(envelope(name), roles.order).order).toEqual(read(name));
  }
  expect(openReceipt(envelope("receipt"), judge.nodeKey)).toEqual(read("receipt"));
});

test("the stored state is what the stored documents lead to", () => {
  const state = TrustState.parse(read("trust-state"));
  expect(openKeys(state).id).toBe(sha256(Buffer.from(envelope("fleet-keys-2").payload, "base64")));
  expect(state.head?.envelope).toEqual(envelope("fleet-head-2"));
  expect(state.panic?.envelope).toEqual(envelope("panic"));
  expect(accept(state, { kind: "panic", envelope: envelope("panic"), undone: null }, judge)).toEqual({
    kind: "known",
  });
  const release = accept(state, { kind: "order", envelope: envelope("order-release") }, judge);
  expect(release).toMatchObject({ kind: "accepted", state: { hold: null, holdChangedAt: minutes(1) } });
});

test.each([1, 2, 3, 7, 8, 1000])(
  "the stored world of %i nodes has its root, and every stored proof leads there",
  (size) => {
    const vector = MerkleVector.parse(read(`merkle-${size}`));
    const hashes = vector.leafHashes.map((digest) => Buffer.from(digest, "hex"));
    expect(hashes).toHaveLength(size);
    expect(merkleRoot(hashes).toString("hex")).toBe(vector.root);
    expect(vector.proofs).toHaveLength(Math.min(size, 17));
    for (const { canonical, index, path } of vector.proofs) {
      const leafHash = hashLeaf(Buffer.from(canonical));
      expect(leafHash.toString("hex")).toBe(vector.leafHashes[index]);
      const steps = {
        leafHash,
        index,
        size,
        path: path.map((digest) => Buffer.from(digest, "hex")),
        root: Buffer.from(vector.root, "hex"),
      };
      expect(verifyInclusion(steps)).toBe(true);
      expect(verifyInclusion({ ...steps, size: size * 2 + 1 })).toBe(false);
    }
  },
);
