import { describe, expect, test } from "vitest";
import { hashLeaf, inclusionProof, merkleRoot, verifyInclusion } from "./merkle.ts";

/** Inputs and roots of the certificate-transparency reference implementation (RFC 6962 test vectors). */
const inputs = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const leaves = inputs.map((hex) => hashLeaf(Buffer.from(hex, "hex")));

describe("Merkle tree", () => {
  test.each(roots.map((root, size) => [size, root] as const))(
    "has RFC 6962's root over %i leaves",
    (size, root) => {
      expect(merkleRoot(leaves.slice(0, size)).toString("hex")).toBe(root);
    },
  );

  test("proves every leaf of every size up to 40, and no other", () => {
    const many = Array.from({ length: 40 }, (_, i) => hashLeaf(Buffer.from([i])));
    for (let size = 1; size <= many.length; size += 1) {
      const tree = many.slice(0, size);
      const root = merkleRoot(tree);
      for (const [index, leafHash] of tree.entries()) {
        const path = inclusionProof(tree, index);
        expect(verifyInclusion({ leafHash, index, size, path, root })).toBe(true);
        const other = many[(index + 1) % many.length] ?? root;
        expect(verifyInclusion({ leafHash: other, index, size, path, root })).toBe(false);
      }
    }
  });

  test("refuses a proof for another signed size, position or length", () => {
    const root = merkleRoot(leaves);
    const [leafHash] = leaves;
    if (leafHash === undefined) throw new Error("no leaf");
    const path = inclusionProof(leaves, 0);
    expect(verifyInclusion({ leafHash, index: 0, size: 4, path, root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: 0, size: 17, path, root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: 1, size: 8, path, root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: -1, size: 8, path, root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: 8, size: 8, path, root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: 0, size: 8, path: path.slice(1), root })).toBe(false);
    expect(verifyInclusion({ leafHash, index: 0, size: 8, path: [...path, root], root })).toBe(false);
  });

  test("a path that goes on above the root of the signed size is refused, though it leads to the root", () => {
    const [sibling, leafHash] = leaves;
    if (sibling === undefined || leafHash === undefined) throw new Error("no leaves");
    const root = merkleRoot([sibling, leafHash]);
    expect(verifyInclusion({ leafHash, index: 0, size: 1, path: [sibling], root })).toBe(false);
  });

  test("an inner node is not taken for a leaf", () => {
    const [a, b] = leaves;
    if (a === undefined || b === undefined) throw new Error("no leaves");
    expect(hashLeaf(Buffer.concat([a, b])).equals(merkleRoot([a, b]))).toBe(false);
  });
});
