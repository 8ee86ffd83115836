import { expect, test } from "vitest";
import { StorePath } from "../names.ts";
import { canonicalBytes } from "./canonical.ts";
import { ClosureList, closureDigest, closureSize, type ClosureEntry } from "./closure.ts";
import { hashLeaf, merkleRoot } from "./merkle.ts";

const path = (letter: string) => StorePath.parse(`/nix/store/${letter.repeat(32)}-x`);
const entry = (letter: string, over: Partial<ClosureEntry> = {}): ClosureEntry => ({
  path: path(letter),
  narHash: `sha256-${letter.repeat(43)}=`,
  narSize: 100,
  references: [],
  ...over,
});
const list = [entry("a", { references: [path("b"), path("a")] }), entry("b"), entry("c")];
const root = closureDigest(list);

test("its root is RFC 6962's over the canonical entries by path, however they come", () => {
  const canonical = [
    { narHash: list[0]?.narHash, narSize: 100, path: path("a"), references: [path("a"), path("b")] },
    ...list.slice(1),
  ];
  const hashes = canonical.map((one) => hashLeaf(canonicalBytes(one)));
  expect(root).toBe(merkleRoot(hashes).toString("hex"));
  expect(closureDigest(list.toReversed())).toBe(root);
  expect(closureDigest(list.map((one) => ({ ...one, references: one.references.toReversed() })))).toBe(root);
  expect(closureDigest(list.map((one) => ({ ...one, more: "not hashed" })))).toBe(root);
});

test.each<[string, ClosureEntry[]]>([
  ["one hash changed", list.with(1, entry("b", { narHash: `sha256-${"z".repeat(43)}=` }))],
  ["one size changed", list.with(1, entry("b", { narSize: 101 }))],
  ["one reference more", list.with(1, entry("b", { references: [path("c")] }))],
  ["one path less", list.slice(0, 2)],
  ["one path twice", [...list, entry("c")]],
])("a list with %s has another root", (_, other) => {
  expect(closureDigest(other)).not.toBe(root);
});

test("sums its NARs, and is read with bounds", () => {
  expect(closureSize(list)).toBe(300);
  expect(ClosureList.safeParse({ v: 1, entries: [] }).success).toBe(false);
  expect(ClosureList.safeParse({ v: 1, entries: [{ ...entry("a"), path: "/etc/passwd" }] }).success).toBe(
    false,
  );
  expect(ClosureList.safeParse({ v: 1, entries: [entry("a", { narSize: -1 })] }).success).toBe(false);
});
