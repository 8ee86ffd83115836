import { keptPageBytes, keptPages } from "@chimera/proto/sessions/kept-page";
import { expect, test } from "vitest";
import { duePages, pageEveryMs, type SentPages } from "./kept-pages.ts";

const nothing: SentPages = new Map();
const page = keptPageBytes;

test("nothing written is nothing to send", () => {
  expect(duePages({ from: 0, to: 0 }, nothing, 0)).toEqual([]);
  expect(duePages({ from: 4096, to: 4096 }, nothing, 0)).toEqual([]);
});

test("each piece goes to its own place, in the order of the output", () => {
  expect(duePages({ from: 0, to: page + 10 }, nothing, 0)).toEqual([
    { page: 0, from: 0, to: page },
    { page: 1, from: page, to: page + 10 },
  ]);
});

test("of more than all places only the newest pieces are sent", () => {
  const due = duePages({ from: 0, to: page * 40 + 1 }, nothing, 0);
  expect(due).toHaveLength(keptPages);
  expect(due.at(-1)).toEqual({ page: 40 % keptPages, from: page * 40, to: page * 40 + 1 });
  expect(new Set(due.map((one) => one.page)).size).toBe(keptPages);
});

test("what the node no longer has is not sent", () => {
  expect(duePages({ from: 100, to: 200 }, nothing, 0)).toEqual([{ page: 0, from: 100, to: 200 }]);
});

test("a piece that has not grown is not sent again, and one that has not oftener than once a second", () => {
  const sent = new Map([[0, { to: 10, atMs: 5_000 }]]);
  expect(duePages({ from: 0, to: 10 }, sent, 60_000)).toEqual([]);
  expect(duePages({ from: 0, to: 11 }, sent, 5_000 + pageEveryMs - 1)).toEqual([]);
  expect(duePages({ from: 0, to: 11 }, sent, 5_000 + pageEveryMs)).toEqual([{ page: 0, from: 0, to: 11 }]);
});
