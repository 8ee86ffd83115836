import { NodeName } from "@chimera/proto/names";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { expect, test } from "vitest";
import { createSessionBook, mostOfNode } from "./session-book.ts";

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

const ended = (minute: number): object => ({
  state: "ended",
  exitCode: 0,
  endedAt: new Date(Date.parse(saidAt) + minute * 60_000).toISOString(),
});
const namesOf = (book: ReturnType<typeof createSessionBook>, node: string): string[] =>
  book.list().flatMap((one) => (one.node === node ? [one.facts.name] : []));

test("a node that makes up names is refused for itself, and pushes nobody else out", () => {
  const book = createSessionBook();
  book.take({ node: n2, session: "mine", text: facts("mine"), saidAt });
  const taken = Array.from({ length: 20_000 }, (_, index) =>
    book.take({ node: n1, session: `x${index}`, text: facts(`x${index}`), saidAt }),
  );
  expect(taken.filter(Boolean)).toHaveLength(mostOfNode);
  expect(book.take({ node: n1, session: "x0", text: facts("x0", ended(1)), saidAt })).toBe(true);
  expect(book.take({ node: n2, session: "new", text: facts("new"), saidAt })).toBe(true);
  expect(namesOf(book, "n2")).toEqual(["mine", "new"]);
  expect(namesOf(book, "n1")).toHaveLength(mostOfNode);
});

test("of a node that has too many the one goes first that ended first", () => {
  const book = createSessionBook();
  for (let index = 0; index < mostOfNode; index += 1) {
    const changes = index % 2 === 0 ? {} : ended(mostOfNode - index);
    book.take({ node: n1, session: `x${index}`, text: facts(`x${index}`, changes), saidAt });
  }
  expect(book.take({ node: n1, session: "new", text: facts("new"), saidAt })).toBe(true);
  const names = namesOf(book, "n1");
  expect(names).toHaveLength(mostOfNode);
  expect(names).toContain("new");
  expect(names).not.toContain(`x${mostOfNode - 1}`);
});

test("where all nodes together have too many, whoever has most makes room for others", () => {
  const book = createSessionBook(10);
  for (let index = 0; index < 20; index += 1)
    book.take({ node: n1, session: `x${index}`, text: facts(`x${index}`), saidAt });
  for (let index = 0; index < 20; index += 1)
    book.take({ node: n2, session: `y${index}`, text: facts(`y${index}`), saidAt });
  expect([namesOf(book, "n1").length, namesOf(book, "n2").length]).toEqual([5, 5]);
});

test("a node that was removed has no sessions", () => {
  const book = createSessionBook();
  book.take({ node: n1, session: "a", text: facts("a"), saidAt });
  book.take({ node: n2, session: "b", text: facts("b"), saidAt });
  book.keepOnly((node) => node === n2);
  expect(book.list().map(({ node }) => node)).toEqual(["n2"]);
});
