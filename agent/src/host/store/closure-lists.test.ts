/** Closure lists on a node's own disk: only what has the digest that it is asked for by. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import { closureDigest, type ClosureEntry } from "@chimera/proto/signed/closure";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepClosureList, parseClosureList, readClosureList } from "./closure-lists.ts";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "chimera-closures-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

function listOf(letter: string): ClosureEntry[] {
  const path = StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`);
  return [{ path, narHash: `sha256-${"A".repeat(43)}=`, narSize: 1, references: [] }];
}
const keep = (entries: ClosureEntry[]) => keepClosureList(stateDir, closureDigest(entries), entries);

test("what was kept is found by its digest, and nothing else", () => {
  const list = listOf("a");
  keep(list);
  expect(readClosureList(stateDir, closureDigest(list))).toEqual(list);
  expect(readClosureList(stateDir, closureDigest(listOf("b")))).toBeNull();
});

test.each([
  ["empty", ""],
  ["cut short", '{"v":1,"entr'],
  ["another list", JSON.stringify({ v: 1, entries: listOf("b") })],
  ["a newer version", JSON.stringify({ v: 2, entries: listOf("a") })],
])("a file that is %s is no list", (_, text) => {
  const list = listOf("a");
  keep(list);
  writeFileSync(join(stateDir, "closures", `${closureDigest(list)}.json`), text);
  expect(readClosureList(stateDir, closureDigest(list))).toBeNull();
  expect(parseClosureList(text, closureDigest(list))).toBeNull();
});

test("the oldest make room for the newest", () => {
  const letters = Array.from("abcdfghijk");
  for (const [i, letter] of letters.entries()) {
    const list = listOf(letter);
    keep(list);
    utimesSync(join(stateDir, "closures", `${closureDigest(list)}.json`), i, i);
  }
  expect(readdirSync(join(stateDir, "closures"))).toHaveLength(8);
  expect(readClosureList(stateDir, closureDigest(listOf("a")))).toBeNull();
  expect(readClosureList(stateDir, closureDigest(listOf("k")))).not.toBeNull();
});
