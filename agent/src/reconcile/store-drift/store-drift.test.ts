/** What is read when, and what the facts of a path mean. */
import { Digest, StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { judgeReading, judgeWalk } from "./judge-path.ts";
import {
  bookKey,
  endRound,
  keepOnly,
  newBook,
  nextRead,
  verifiedBytes,
  type ScrubBook,
} from "./scrub-book.ts";
import { expectedPath, type ExpectedPath, type WalkFacts } from "./store-path.ts";

const hour = 3600_000;
const day = 24 * hour;
const begun = Date.parse("2026-11-23T12:00:00.000Z");

function pathOf(i: number, narSize = 1000): ExpectedPath {
  const digits = Array.from("0123456789abcdfghijklmnpqrsvwxyz");
  const hash = `${digits[i >> 5] ?? ""}${digits[i & 31] ?? ""}`.padStart(32, "0");
  return {
    path: StorePath.parse(`/nix/store/${hash}-p${i}`),
    narSha256: Digest.parse("ab".repeat(32)),
    narSize,
  };
}

const one = pathOf(1);
const seen: Extract<WalkFacts, { kind: "seen" }> = {
  kind: "seen",
  narSize: 1000,
  isWhole: true,
  stamp: "s1",
  foreign: null,
  metadata: null,
  grave: null,
  newest: { at: "bin/x", isLater: false },
};

/** Reads whatever is due at each look, and notes when each path was read. */
function play(paths: ExpectedPath[], looks: number[]): { book: ReturnType<typeof newBook>; at: number[][] } {
  let book = newBook(begun);
  const at: number[][] = paths.map(() => []);
  for (const nowMs of looks) {
    for (;;) {
      const next = nextRead(book, paths, { nowMs, roundMs: day });
      if (next.kind === "wait") break;
      if (next.kind === "round-ended") {
        book = endRound(book, nowMs);
        break;
      }
      const i = paths.indexOf(next.expected);
      at[i]?.push(nowMs);
      book = {
        ...book,
        doneUntil: next.dueAt,
        read: { ...book.read, [bookKey(next.expected.path)]: [nowMs, "s"] },
      };
    }
  }
  return { book, at };
}

function everyTenMinutes(days: number, from = 0): number[] {
  return Array.from({ length: days * 144 }, (_, i) => begun + from + (i + 1) * 600_000);
}

test("each path is read once a day, whatever the sizes, and not all at once", () => {
  const paths = Array.from({ length: 300 }, (_, i) => pathOf(i, i === 7 ? 5_000_000_000 : 1000 * i));
  const { at } = play(paths, everyTenMinutes(4));
  for (const times of at) {
    const gaps = [begun, ...times].map((time, i, all) => time - (all[i - 1] ?? time));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(day);
    expect(times.length).toBeGreaterThanOrEqual(4);
  }
  const perLook = new Map<number, number>();
  for (const time of at.flat()) perLook.set(time, (perLook.get(time) ?? 0) + 1);
  // The large one takes nearly all of the day: the others come together, and a look of it stands alone.
  expect(perLook.size).toBeGreaterThan(4);
});

test("of paths of one size every hour reads about as many", () => {
  const paths = Array.from({ length: 480 }, (_, i) => pathOf(i, 1_000_000));
  const { at } = play(paths, everyTenMinutes(1));
  const perHour = Array.from({ length: 20 }, () => 0);
  for (const time of at.flat()) {
    const i = Math.floor((time - begun - 1) / hour);
    perHour[i] = (perHour[i] ?? 0) + 1;
  }
  expect(Math.min(...perHour)).toBeGreaterThanOrEqual(18);
  expect(Math.max(...perHour)).toBeLessThanOrEqual(30);
});

test("a machine that was off for half a day catches up, and nothing waits longer than a day for its first read", () => {
  const paths = Array.from({ length: 100 }, (_, i) => pathOf(i, 1_000_000));
  const { at } = play(paths, [
    ...everyTenMinutes(1).slice(0, 36),
    ...everyTenMinutes(1, day / 2).slice(0, 72),
  ]);
  for (const times of at) expect((times[0] ?? Infinity) - begun).toBeLessThanOrEqual(day);
});

function bookWith(read: ScrubBook["read"]): ScrubBook {
  return { ...newBook(begun), read };
}

test("a clock that was set back makes nothing count as read in a time to come", () => {
  const book = bookWith({ [bookKey(one.path)]: [begun + day, "s1"] });
  expect(nextRead(book, [one], { nowMs: begun + day, roundMs: day }).kind).toBe("round-ended");
  const back = { ...book, doneUntil: begun + day, roundStartedAt: begun + hour };
  expect(verifiedBytes(back, [one], begun)).toBe(0);
  expect(nextRead(back, [one], { nowMs: begun, roundMs: day })).toMatchObject({ kind: "wait" });
  expect(nextRead(back, [one], { nowMs: begun + 23 * hour, roundMs: day })).toMatchObject({ kind: "read" });
});

test("an empty closure asks for nothing", () => {
  expect(nextRead(newBook(begun), [], { nowMs: begun, roundMs: day }).kind).toBe("wait");
});

test("another system keeps what both have", () => {
  const two = pathOf(2);
  const book = bookWith({ [bookKey(one.path)]: [begun, "a"], [bookKey(two.path)]: [begun, "b"] });
  expect(keepOnly(book, [two, pathOf(3)]).read).toEqual({ [bookKey(two.path)]: [begun, "b"] });
});

const drifted = (kind: string, found: object = {}) => ({ kind: "drifted", item: { kind, found } });

test.each<{ what: string; facts: WalkFacts; verified: string | null; verdict: object }>([
  { what: "is missing", facts: { kind: "missing" }, verified: null, verdict: drifted("store-missing") },
  { what: "is as it was read", facts: seen, verified: "s1", verdict: { kind: "clean" } },
  { what: "was never read", facts: seen, verified: null, verdict: { kind: "unread" } },
  { what: "changed since it was read", facts: seen, verified: "s0", verdict: { kind: "suspect" } },
  {
    what: "was never read and changed after it was put there",
    facts: { ...seen, newest: { at: "x", isLater: true } },
    verified: null,
    verdict: { kind: "suspect" },
  },
  {
    what: "has another size",
    facts: { ...seen, narSize: 96 },
    verified: "s1",
    verdict: drifted("store-content", { size: 96 }),
  },
  {
    what: "holds a pipe",
    facts: { ...seen, foreign: "p" },
    verified: "s1",
    verdict: drifted("store-content"),
  },
  {
    what: "holds too much",
    facts: { ...seen, isWhole: false },
    verified: "s1",
    verdict: drifted("store-content"),
  },
  {
    what: "the disk refuses",
    facts: { kind: "unreadable", errno: "EIO", at: "a" },
    verified: "s1",
    verdict: drifted("store-content", { detail: "EIO at a" }),
  },
  {
    what: "a damaged file system refuses, by an errno that Node has no name for",
    facts: { kind: "unreadable", errno: "Unknown system error -117", at: "a" },
    verified: "s1",
    verdict: drifted("store-content", { detail: "EUCLEAN at a" }),
  },
  {
    what: "has another mode",
    facts: { ...seen, metadata: "a: mode 0644" },
    verified: null,
    verdict: { kind: "suspect" },
  },
  {
    what: "has another mode and was read since",
    facts: { ...seen, metadata: "a: mode 0644" },
    verified: "s1",
    verdict: drifted("store-metadata", { detail: "a: mode 0644" }),
  },
])("a path that $what", ({ facts, verified, verdict }) => {
  expect(judgeWalk(one, facts, verified)).toMatchObject(verdict);
});

test.each(["EMFILE", "ENFILE", "ENOMEM", "EINTR", "EACCES", "EPERM", "Unknown system error -116"])(
  "%s says nothing of a path, walked or read",
  (errno) => {
    const refused = { kind: "unreadable", errno, at: "a" } as const;
    const reason = errno.startsWith("E") ? errno : "ESTALE";
    const unknown = { kind: "unknown", reason, at: "a" };
    expect(judgeWalk(one, refused, "s1")).toEqual({ ...unknown, wasRead: false });
    expect(judgeReading(one, { before: seen, hashed: refused, after: seen })).toEqual({
      ...unknown,
      wasRead: true,
    });
    expect(judgeReading(one, { before: seen, hashed: right, after: refused }).kind).toBe("unknown");
  },
);

const right = { kind: "hashed", sha256: one.narSha256, size: 1000 } as const;
const wrong = { ...right, sha256: Digest.parse("cd".repeat(32)) };
const writable = { ...seen, metadata: "bin: mode 0755" };

const looked = (before: WalkFacts, after: WalkFacts) => judgeReading(one, { before, hashed: right, after });

test("what a look found is what it saw last", () => {
  expect(looked(seen, seen)).toEqual({ kind: "clean" });
  expect(looked(writable, { ...seen, stamp: "s2" })).toMatchObject({ kind: "unknown", reason: "moving" });
  expect(looked(seen, { ...writable, stamp: "s2" })).toMatchObject({ kind: "unknown", reason: "moving" });
  expect(looked(writable, writable)).toMatchObject(drifted("store-metadata", { detail: "bin: mode 0755" }));
  expect(looked(seen, { kind: "missing" })).toMatchObject(drifted("store-missing"));
  expect(looked(seen, { ...seen, narSize: 96 })).toMatchObject(drifted("store-content", { size: 96 }));
  const grave = { ...writable, metadata: "bin/sh: mode 4555", grave: { mode: "4555", uid: 0 } };
  expect(looked(grave, grave)).toMatchObject(drifted("store-metadata", { mode: "4555", uid: 0 }));
  const long = { ...seen, metadata: "x".repeat(5000) };
  const found = looked(long, long);
  expect(found.kind === "drifted" && found.item.found.detail).toHaveLength(1024);
});

test("wrong bytes are named with what was found, also where somebody still writes to them", () => {
  for (const after of [seen, { ...seen, stamp: "s2" }])
    expect(judgeReading(one, { before: seen, hashed: wrong, after })).toEqual({
      kind: "drifted",
      item: {
        path: one.path,
        kind: "store-content",
        expected: { type: "nar", size: 1000, sha256: one.narSha256 },
        found: { type: "nar", size: 1000, sha256: wrong.sha256, detail: "changed last: bin/x" },
      },
    });
  const gone = { kind: "unreadable", errno: "ENOENT", at: "a" } as const;
  expect(judgeReading(one, { before: seen, hashed: gone, after: seen })).toMatchObject(
    drifted("store-content", { detail: "ENOENT at a" }),
  );
});

test("only a SHA-256 in SRI form is an expectation", () => {
  const narHash = `sha256-${Buffer.alloc(32, 0xab).toString("base64")}`;
  expect(expectedPath({ ...one, narHash, references: [] })).toEqual(one);
  expect(expectedPath({ ...one, narHash: `sha256:${"0".repeat(52)}`, references: [] })).toBeNull();
});
