import { NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { whoseTurn } from "./whose-turn.ts";

const nodes = ["a", "b", "c", "d", "e"].map((name) => NodeName.parse(name));
const turn = (over: string, atOnce: number) =>
  whoseTurn(nodes, atOnce, (node) => over.includes(node)).join("");

test.each([
  ["", 2, "ab"],
  ["a", 2, "bc"],
  ["b", 2, "ac"],
  ["ab", 2, "cd"],
  ["abcd", 2, "e"],
  ["abcde", 2, ""],
  ["", 9, "abcde"],
  ["c", 1, "a"],
])("with %o over, of %d at once it is the turn of %o", (over, atOnce, expected) => {
  expect(turn(over, atOnce)).toBe(expected);
});

test("whoever knows less lets nobody begin whom somebody that knows more would not", () => {
  const all = Array.from({ length: 32 }, (_, bits) =>
    nodes.filter((_node, index) => (bits >> index) & 1).join(""),
  );
  for (const atOnce of [1, 2, 3]) {
    for (const more of all) {
      for (const less of all.filter((one) => one.split("").every((node) => more.includes(node)))) {
        // Those that he lets begin are over already, or it is their turn by what is known.
        for (const node of turn(less, atOnce)) expect(more + turn(more, atOnce)).toContain(node);
      }
    }
  }
});
