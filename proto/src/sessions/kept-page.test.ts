/** What a session wrote last, put together from the pieces that its node left behind. */
import { expect, test } from "vitest";
import { encodeKeptPage, joinKeptPages, keptPageBytes, keptPageOf, keptPages } from "./kept-page.ts";
import { encodeFrame } from "./session-frame.ts";
import { StreamId } from "./session.ts";

const stream = StreamId.parse("0123456789abcdef");
const other = StreamId.parse("f".repeat(16));
const page = (from: number, text: string, of = stream): Uint8Array =>
  encodeKeptPage({ stream: of, from, bytes: new TextEncoder().encode(text) });
const joined = (...pages: Uint8Array[]): unknown => {
  const kept = joinKeptPages(pages);
  return kept === null ? null : [kept.stream, kept.from, new TextDecoder().decode(kept.bytes)];
};

test("pieces come together by their positions, in whatever sequence they lie there", () => {
  expect(joined(page(4, "efgh"), page(8, "ij"), page(0, "abcd"))).toEqual([stream, 0, "abcdefghij"]);
});

test("a piece in whose place nothing lies cuts off what was before it", () => {
  expect(joined(page(0, "abcd"), page(8, "ij"), page(10, "k"))).toEqual([stream, 8, "ijk"]);
});

test("of two streams the one counts that was written last", () => {
  expect(joined(page(0, "old"), page(0, "new", other))).toEqual([other, 0, "new"]);
});

test("what two pieces both have is there once", () => {
  expect(joined(page(0, "abcdef"), page(4, "efgh"), page(2, "cd"))).toEqual([stream, 0, "abcdefgh"]);
});

test("garbage, and frames of another kind, are no pieces", () => {
  const refused = { kind: "refused", code: "not-found", message: "x" } as const;
  expect(joined(new Uint8Array(10), encodeFrame({ head: refused, bytes: new Uint8Array(0) }))).toBeNull();
  expect(joined(page(0, "a"), new Uint8Array(10))).toEqual([stream, 0, "a"]);
});

test("a whole round of pieces has a place each", () => {
  const places = Array.from({ length: keptPages + 1 }, (_, index) => keptPageOf(index * keptPageBytes + 7));
  expect(new Set(places).size).toBe(keptPages);
  expect(places.at(-1)).toBe(0);
});
