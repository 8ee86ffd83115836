/** Times that people type: what is one, what only looks so, and what is something else. */
import { expect, test } from "vitest";
import { parseMoment, requireMoment } from "./moment.ts";

const nowMs = Date.parse("2026-11-29T14:00:00.000Z");
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

test.each([
  ["2026-11-29T12:30:05Z", "2026-11-29T12:30:05.000Z"],
  ["2026-11-29T12:30:05.123Z", "2026-11-29T12:30:05.123Z"],
  ["2026-11-29 12:30:05", "2026-11-29T12:30:05.000Z"],
  ["2026-11-29T12:30", "2026-11-29T12:30:00.000Z"],
  ["2026-11-29T12:30+01:00", "2026-11-29T11:30:00.000Z"],
  ["2026-11-29", "2026-11-29T00:00:00.000Z"],
  ["2h ago", "2026-11-29T12:00:00.000Z"],
  ["90s ago", "2026-11-29T13:58:30.000Z"],
  ["3d ago", "2026-11-26T14:00:00.000Z"],
  ["now", "2026-11-29T14:00:00.000Z"],
])("%s is %s", (text, expected) => {
  expect(iso(parseMoment(text, nowMs))).toBe(expected);
});

test.each([
  "7",
  "0.7",
  "current",
  "20261129",
  "ab12cd34",
  "2h",
  "",
  "ago",
  "2026",
  "/nix/store/x",
  "2h ago ",
])('"%s" is something else', (text) => {
  expect(parseMoment(text, nowMs)).toBeUndefined();
});

test.each([
  ["2026-02-30", /no time/u],
  ["2026-13-01T00:00", /no time/u],
  ["2026-11-29T25:00", /no time/u],
  ["2026-11-29T12:61Z", /no time/u],
  ["2 ago", /no time/u],
  ["soon ago", /no time/u],
  ["99999999d ago", /no time/u],
  ["2026-11-29T14:00:01Z", /in the future/u],
  ["2027-01-01", /in the future/u],
])("%s is refused", (text, says) => {
  expect(() => parseMoment(text, nowMs)).toThrow(says);
});

test("where only a time can be meant, a span alone is one", () => {
  expect(iso(requireMoment("2h", nowMs))).toBe("2026-11-29T12:00:00.000Z");
  for (const text of ["7", "current", "", "99999999d"]) {
    expect(() => requireMoment(text, nowMs)).toThrow(/is no time: give 2026-11-29T14:05/u);
  }
});
