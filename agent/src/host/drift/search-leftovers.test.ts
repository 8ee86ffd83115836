/** The search for stale links and leftovers, beside piles of names, mounts and folders that cannot be read. */
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createEtcScope } from "../../reconcile/drift/etc-scope.ts";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { useEtcFixture } from "./etc-fixture.ts";
import { findLeftovers, type Leftovers } from "./sweep.ts";

const { fixture, at } = useEtcFixture();

test.for([
  ["deep in a folder that is listed first", ["aaa/b"], []],
  ["in folders that nobody declared", ["aaa", "bbb"], []],
  ["in declared folders", ["aaa", "ssh"], ["aaa", "ssh"]],
] as const)("a pile of names %s hides nothing in other folders, and is told", async ([, piles, declared]) => {
  const folders = ["cc", "mm", "ssh/below", "zz", "zz/deep"];
  for (const folder of [...folders, ...piles]) mkdirSync(at(folder), { recursive: true });
  for (const folder of folders) symlinkSync(`/etc/static/${folder}/old`, at(`${folder}/old`));
  for (const pile of piles) for (let i = 0; i < 500; i += 1) writeFileSync(at(`${pile}/n${i}`), "");
  const { stale, gaps } = await search({ declared });
  const found = new Set(stale.map(({ path }) => path));
  expect(folders.filter((folder) => !found.has(`${folder}/old`))).toEqual([]);
  const words = "it has more names than are looked at";
  expect(gaps.map(({ path, why }) => `${path} ${why}`).toSorted()).toEqual(
    piles.map((pile) => `/etc/${pile} ${words}`),
  );
});

test("what is mounted where nobody declared anything is not entered, and nothing in it removed", async () => {
  mkdirSync(at("data"));
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", at("data")]);
  symlinkSync("/etc/static/data/x", at("data/x"));
  const before = lstatSync(at("data"));
  const drift = fixture().start();
  await drift.sweepNow();
  expect(lstatSync(at("data/x")).isSymbolicLink()).toBe(true);
  expect(fixture().events).toEqual([]);
  expect(lstatSync(at("data")).atimeMs).toBe(before.atimeMs);
  expect((await search()).gaps).toEqual([{ path: "/etc/data", why: "it is another file system" }]);
  execFileSync("umount", [at("data")]);
  await drift.sweepNow();
});

test("each folder is closed again", async () => {
  for (const folder of ["one/two/three", "ssh/four"]) mkdirSync(at(folder), { recursive: true });
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i += 1) await search({ declared: ["ssh"] });
  expect(readdirSync("/proc/self/fd")).toHaveLength(before);
});

test("folders without end are given up, and that is told", async () => {
  const deep = "d/".repeat(40);
  mkdirSync(at(deep), { recursive: true });
  expect((await search()).gaps).toEqual([
    { path: `/etc/${"d/".repeat(33).slice(0, -1)}`, why: "it lies deeper than 32 folders" },
  ]);
});

/** As if no mount was in the table when it was read. */
function search({ declared = [] }: { declared?: readonly string[] } = {}): Promise<Leftovers> {
  const entries = new Map<string, ExpectedEntry>(
    declared.map((path) => [path, { kind: "directory", path }] as const),
  );
  const limits = { names: 450, ofOthers: 100, share: 16 };
  const mounts = { points: new Set<string>(), covered: [] };
  return findLeftovers({ etcDir: fixture().etc, entries, scope: createEtcScope([]), mounts, limits });
}
