import { NodeName } from "@chimera/proto/names";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { expect, test } from "vitest";
import { createSessionBook } from "./session-book.ts";

const [n1, n2] = [NodeName.parse("n1"), NodeName.parse("n2")];
const saidAt = "2026-11-30T02:00:00.000Z";
const facts = (name: string, changes: object = {}): string =>
  JSON.stringify({ ...sessionFacts("any"), name, ...changes });

test("the newest word of each session counts, sorted by node and name", () => {
  const book = createSessionBook();
  expect(book.take({ node: n2, session: "b", text: facts("b"), saidAt })).toBe(true);
  book.take({ node: n1, session: "c", text: facts("c"), saidAt });
  book.take({ node: n2, session: "a", text: facts("a"), saidAt });
  book.take({ node: n2, session: "b", text: facts("b", { state: "ended", exitCode: 3 }), saidAt });
  expect(book.list().map(({ node, facts: { name, exitCode } }) => [node, name, exitCode])).toEqual([
    ["n1", "c", null],
    ["n2", "a", null],
    ["n2", "b", 3],
  ]);
});

test("a session that its node has forgotten is gone", () => {
  const book = createSessionBook();
  book.take({ node: n1, session: "a", text: facts("a"), saidAt });
  book.take({ node: n1, session: "a", text: "", saidAt });
  expect(book.list()).toEqual([]);
});

test.each([
  ["no JSON", "{"],
  ["another session", facts("b")],
  ["a name that no session has", facts("a:b")],
  ["no facts", "{}"],
])("%s is not taken", (_, text) => {
  const book = createSessionBook();
  expect(book.take({ node: n1, session: "a", text, saidAt })).toBe(false);
  expect(book.list()).toEqual([]);
});
