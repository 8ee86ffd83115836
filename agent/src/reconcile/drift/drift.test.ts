/** Comparison, scope and budget as tables. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { Digest } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { compareEntry, isOwnLink } from "./drift.ts";
import { etcAllowList } from "./etc-allow-list.ts";
import { createBook } from "./etc-book.ts";
import type { ExpectedEntry } from "./etc-entry.ts";
import { createEtcScope } from "./etc-scope.ts";
import { mergeSummaries } from "./merge-summaries.ts";

const sha256 = Digest.parse("a".repeat(64));
const link: ExpectedEntry = { kind: "link", path: "hostname", target: "/etc/static/hostname" };
const directory: ExpectedEntry = { kind: "directory", path: "ssh" };
const file: ExpectedEntry = {
  kind: "file",
  path: "sudoers",
  source: "/nix/store/x",
  size: 5,
  sha256,
  mode: 0o440,
  owner: 0,
  group: 0,
};
const intact: EntryFacts = { type: "file", size: 5, sha256, mode: "0440", uid: 0, gid: 0 };
const root = { uid: 0, gid: 0 };

test.for<[ExpectedEntry, EntryFacts, string | null]>([
  [link, { type: "symlink", target: "/etc/static/hostname" }, null],
  [link, { type: "symlink", target: "/etc/static/hostname/" }, "wrong-target"],
  [link, { type: "missing" }, "missing"],
  [link, { ...intact }, "replaced-by-file"],
  [link, { type: "directory" }, "replaced-by-directory"],
  [link, { type: "other" }, "replaced-by-other"],
  [directory, { type: "directory", mode: "0700" }, null],
  [directory, { type: "symlink", target: "/etc/static/ssh" }, "parent"],
  [directory, { ...intact }, "parent"],
  [directory, { type: "missing" }, "missing"],
  [file, intact, null],
  [file, { ...intact, size: 6 }, "content"],
  [file, { ...intact, sha256: Digest.parse("b".repeat(64)) }, "content"],
  [file, { type: "file", size: 5, mode: "0440", uid: 0, gid: 0 }, "content"],
  [file, { ...intact, mode: "4440" }, "mode"],
  [file, { ...intact, uid: 1 }, "owner"],
  [file, { ...intact, gid: 1 }, "owner"],
  [file, { type: "symlink", target: "/nix/store/x" }, "replaced-by-link"],
  [file, { type: "directory" }, "replaced-by-directory"],
])("%o found as %o is %s", ([entry, found, kind]) => {
  expect(compareEntry(entry, found, root)?.kind ?? null).toBe(kind);
});

test("an owner that could not be looked up is not compared", () => {
  expect(compareEntry(file, { ...intact, uid: 7 }, { uid: undefined, gid: 0 })).toBeNull();
});

test("only a link that activation itself would have made is ours", () => {
  expect(isOwnLink("a/b", "/etc/static/a/b")).toBe(true);
  expect(isOwnLink("a/b", "/etc/static/a/c")).toBe(false);
  expect(isOwnLink("a/b", "/etc/static/a/b/../../passwd")).toBe(false);
});

test("a declared link wins over the allow list where activation makes it, a seed copy does not", () => {
  const scope = createEtcScope([]);
  expect(scope.isCompared({ ...link, path: "passwd" })).toBe(true);
  expect(scope.isCompared({ ...file, path: "passwd" })).toBe(false);
  expect(scope.isCompared({ ...link, path: "resolv.conf" })).toBe(true);
  expect(scope.isCompared({ ...file, path: "resolv.conf" })).toBe(false);
  expect(scope.isCompared({ ...file, path: "machine-id" })).toBe(false);
  expect(scope.isCompared({ ...link, path: "machine-id" })).toBe(false);
  expect(scope.isCompared({ ...link, path: "localtime" })).toBe(true);
  expect(scope.isCompared({ ...link, path: "cups/client.conf" })).toBe(true);
  expect(scope.isCompared({ ...file, path: "cups/printers.conf" })).toBe(false);
  expect(scope.isCompared({ ...directory, path: "cups" })).toBe(true);
  expect(scope.isCompared({ ...file, path: "ssh/sshd_config" })).toBe(true);
});

test("every entry of the allow list has a glob below /etc and a reason", () => {
  expect(etcAllowList.filter(({ glob, reason }) => !glob.startsWith("/etc/") || reason.length < 5)).toEqual(
    [],
  );
});

test("a configured glob ignores without condition, hidden files too", () => {
  const scope = createEtcScope([{ glob: "/etc/foo/**", reason: "by hand" }]);
  expect(scope.isCompared({ ...link, path: "foo/.hidden" })).toBe(false);
  expect(scope.isCompared({ ...link, path: "food" })).toBe(true);
});

test("an open difference is news once, and again when it becomes another one", () => {
  const item = compareEntry(link, { type: "missing" }, root);
  const other = compareEntry(link, { type: "directory" }, root);
  if (item === null || other === null) throw new Error("both are differences");
  const book = createBook();
  const reported = { code: "reported", why: "it is only reported" };
  const failed = { code: "not-permitted", why: "the kernel refuses" };
  expect(book.noteOpen(item, reported, 0)).toBe(true);
  expect(book.noteOpen(item, { ...reported, why: "until another time" }, 0)).toBe(false);
  expect(book.noteOpen(item, failed, 0)).toBe(true);
  expect(book.noteOpen(other, failed, 0)).toBe(true);
  expect(book.summary().open).toEqual([{ ...other, why: failed.why }]);
  book.noteSwept({ at: "2026-11-23T00:00:00.000Z", managed: 3, seen: new Set() });
  expect(book.summary()).toMatchObject({ openCount: 0, managed: 3, open: [] });
});

/** What the book says of each find of one path, at its minute. */
function tellings(
  kind: DriftItem["kind"],
  finds: [minutes: number, found: Partial<EntryFacts>][],
): boolean[] {
  const book = createBook();
  const why = { code: "reported", why: "it is only reported" };
  const plain = { type: "file", size: 10, mode: "0644", uid: 0, gid: 0 } as const;
  return finds.map(([minutes, found]) =>
    book.noteOpen(
      { path: "/run/x", kind, expected: { type: "missing" }, found: { ...plain, ...found } },
      why,
      minutes * 60_000,
    ),
  );
}

const [harmless, evil] = [Digest.parse("a".repeat(64)), Digest.parse("b".repeat(64))];

test.each<[string, Partial<EntryFacts>, Partial<EntryFacts>]>([
  ["a harmless drop-in gets other bytes", { sha256: harmless }, { sha256: evil }],
  ["a stranger becomes set-user-id", { mode: "0755" }, { mode: "4755" }],
  ["a file gets another owner", { uid: 0 }, { uid: 1000 }],
  ["a file gets another group", { gid: 0 }, { gid: 100 }],
  [
    "anna becomes root",
    { type: "other", text: "anna:1000:/bin/bash" },
    { type: "other", text: "anna:0:/bin/bash" },
  ],
  ["a flag comes", { attributes: ["immutable"] }, { attributes: ["immutable", "security.capability"] }],
])("what an open difference becomes is told: %s", (_, first, then) => {
  expect(
    tellings("unit-override", [
      [0, first],
      [1, first],
      [2, then],
      [3, then],
    ]),
  ).toEqual([true, false, true, false]);
});

test("what a path becomes is told once a minute at most, and what stays is told, however fast it came", () => {
  const others: [number, Partial<EntryFacts>][] = [0.1, 0.2, 0.5].map((at) => [at, { sha256: evil }]);
  expect(tellings("content", [[0, { sha256: harmless }], ...others, [1, { sha256: evil }]])).toEqual([
    true,
    false,
    false,
    false,
    true,
  ]);
  // It was harmless again by then.
  const over = tellings("content", [
    [0, { sha256: harmless }],
    [0.5, { sha256: evil }],
    [2, { sha256: harmless }],
  ]);
  expect(over).toEqual([true, false, false]);
});

test("the size alone is no news, nor that a store path was read as well as walked", () => {
  expect(
    tellings("replaced-by-file", [
      [0, { size: 1 }],
      [2, { size: 2 }],
    ]),
  ).toEqual([true, false]);
  const read = tellings("store-content", [
    [0, { type: "nar" }],
    [2, { type: "nar", sha256: harmless }],
    [4, { type: "nar" }],
    [6, { type: "nar", sha256: evil }],
  ]);
  expect(read).toEqual([true, false, false, true]);
});

test("the summary of all sources is as old as the oldest, and lists at most 50 of what it counts", () => {
  const item = compareEntry(link, { type: "missing" }, root);
  if (item === null) throw new Error("it is a difference");
  const one = {
    lastSweepAt: "2026-11-23T00:00:02.000Z",
    managed: 2,
    open: Array.from({ length: 40 }, () => item),
  };
  const merged = mergeSummaries(
    { ...one, openCount: 44, reverted: 1 },
    { ...one, lastSweepAt: "2026-11-23T00:00:01.000Z", openCount: 40, reverted: 2 },
  );
  expect(merged).toMatchObject({
    lastSweepAt: "2026-11-23T00:00:01.000Z",
    managed: 4,
    openCount: 84,
    reverted: 3,
  });
  expect(merged.open).toHaveLength(50);
  expect(merged).not.toHaveProperty("watching");
  expect(merged).not.toHaveProperty("unseen");
  const blind = { ...one, openCount: 40, reverted: 0, unseen: ["wrappers of x"] };
  const other = { ...blind, unseen: ["wrappers of x", "y"] };
  expect(mergeSummaries(blind, { ...one, openCount: 0, reverted: 0 }, other).unseen).toEqual([
    "wrappers of x",
    "y",
  ]);
  const heard = { ...one, openCount: 40, reverted: 0, watching: true };
  expect(mergeSummaries(heard, { ...heard, watching: false }, heard).watching).toBe(false);
  expect(mergeSummaries(heard, heard).watching).toBe(true);
  const silent = { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 };
  expect(mergeSummaries({ ...one, openCount: 40, reverted: 0 }, silent).lastSweepAt).toBeNull();
});
