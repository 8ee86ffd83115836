import { SessionName, SessionRun } from "@chimera/proto/sessions/session";
import { expect, test } from "vitest";
import { firstKept, outlived, pieceBytes } from "./session-limits.ts";
import { newRecord, type SessionRecord } from "./session-record.ts";

const now = Date.parse("2026-11-30T12:00:00.000Z");
const record = (name: string, minutesAgo: number, more: Partial<SessionRecord> = {}): SessionRecord =>
  newRecord({
    name: SessionName.parse(name),
    kind: "run",
    run: SessionRun.parse("0".repeat(16)),
    what: "a test",
    output: "log",
    size: { columns: 80, rows: 24 },
    createdAt: "2026-11-01T00:00:00.000Z",
    bootId: "boot",
    unit: `chimera-session-${name}.service`,
    state: "ended",
    closedAt: new Date(now - minutesAgo * 60_000).toISOString(),
    ...more,
  });
const limits = { ageMs: 3_600_000, count: 3, bytes: 1000 };

test("of too many the oldest go, and what runs stays however old it is", () => {
  const running = record("running", 0, { state: "running", closedAt: null });
  const ended = ["a", "b", "c", "d", "e"].map((name, index) => record(name, index));
  expect(outlived([running, ...ended], now, limits)).toEqual(["d", "e"]);
});

test("of old ones all go, and of large ones those that came before others had filled the room", () => {
  expect(outlived([record("new", 59), record("old", 61)], now, limits)).toEqual(["old"]);
  const sizes = [record("small", 1, { bytes: 400 }), record("large", 2, { bytes: 900 })];
  expect(outlived(sizes, now, limits)).toEqual(["large"]);
});

test("a log counts as what the disk keeps of it", () => {
  const log = { file: "/x", mostBytes: 300 };
  expect(outlived([record("long", 1, { bytes: 1_000_000, log })], now, limits)).toEqual([]);
});

test("what was recorded of a session counts beside what it wrote", () => {
  const typed = [record("new", 1), record("typed", 2, { bytes: 400, recordedBytes: 700 })];
  expect(outlived(typed, now, limits)).toEqual(["typed"]);
});

test("a log begins where whole pieces beyond its bound end, and never before its begin", () => {
  expect(firstKept(100, 4 * pieceBytes)).toBe(0);
  expect(firstKept(5 * pieceBytes - 1, 4 * pieceBytes)).toBe(0);
  expect(firstKept(5 * pieceBytes, 4 * pieceBytes)).toBe(pieceBytes);
});
