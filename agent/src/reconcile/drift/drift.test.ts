/** Comparison, scope and budget as tables. */
import type { EntryFacts } from "@chimera/proto/drift";
import { Digest } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { compareEntry, isOwnLink } from "./drift.ts";
import { etcAllowList } from "./etc-allow-list.ts";
import { emptyBook, isNews, noteOpen, noteSwept, summaryOf } from "./etc-book.ts";
import { budgetReverts, budgetRestMs, budgetWindowMs, emptyBudget, isResting, spend } from "./etc-budget.ts";
import type { ExpectedEntry } from "./etc-entry.ts";
import { createEtcScope } from "./etc-scope.ts";

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

test("the eleventh revert within a minute trips, rests ten minutes, then tries again", () => {
  let budget = emptyBudget;
  const ask = (now: number): string => {
    const spent = spend(budget, "/etc/a", now);
    budget = spent.budget;
    return spent.answer.kind;
  };
  for (let count = 0; count < budgetReverts; count += 1) expect(ask(count)).toBe("allowed");
  expect(ask(50)).toBe("tripped");
  expect(isResting(budget, "/etc/a", 60)).toBe(true);
  expect(spend(budget, "/etc/b", 60).answer.kind).toBe("allowed");
  expect(ask(50 + budgetRestMs - 1)).toBe("resting");
  expect(ask(50 + budgetRestMs)).toBe("allowed");
});

test("reverts spread over more than a minute never trip", () => {
  let budget = emptyBudget;
  for (let count = 0; count < 100; count += 1) {
    const spent = spend(budget, "/etc/a", (count * budgetWindowMs) / (budgetReverts - 1));
    expect(spent.answer.kind).toBe("allowed");
    budget = spent.budget;
  }
});

test("an open difference is news once, and again when it becomes another one", () => {
  const item = compareEntry(link, { type: "missing" }, root);
  const other = compareEntry(link, { type: "directory" }, root);
  if (item === null || other === null) throw new Error("both are differences");
  const book = noteOpen(emptyBook, item, "reported");
  expect(isNews(emptyBook, item, "reported")).toBe(true);
  expect(isNews(book, item, "reported")).toBe(false);
  expect(isNews(book, item, "not-permitted")).toBe(true);
  expect(isNews(book, other, "reported")).toBe(true);
  const swept = noteSwept(book, { at: "2026-11-23T00:00:00.000Z", managed: 3, seen: new Set() });
  expect(summaryOf(swept)).toMatchObject({ openCount: 0, managed: 3, open: [] });
});
