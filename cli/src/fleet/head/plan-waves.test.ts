import { expect, test } from "vitest";
import { planWaves } from "./plan-waves.ts";

const nodes = ["db-1", "db-2", "web-1", "web-2", "web-3", "web-4", "web-5", "web-6", "x-1", "x-2"].map(
  (node) => ({
    node,
    tags: node.startsWith("db") ? ["careful"] : node === "web-3" ? ["canary"] : [],
  }),
);

const sizes = (waves: string[], order: string[] = []) =>
  planWaves(nodes, { waves, order }).map((wave) => wave.length);

test("without waves everybody is in one", () => {
  expect(sizes([])).toEqual([10]);
});

test("counts and shares are of all, and what is left is a last wave", () => {
  expect(sizes(["1", "25%"])).toEqual([1, 3, 6]);
  expect(sizes(["1", "100%"])).toEqual([1, 9]);
  expect(sizes(["1", "rest"])).toEqual([1, 9]);
});

test("targets name their nodes once, in the first wave that names them", () => {
  const waves = planWaves(nodes, { waves: ["@canary", "web-*", "rest"], order: [] });
  expect(waves.map((wave) => wave.join(" "))).toEqual([
    "web-3",
    "web-1 web-2 web-4 web-5 web-6",
    "db-1 db-2 x-1 x-2",
  ]);
});

test("an order puts its nodes first in counts and shares", () => {
  const [first] = planWaves(nodes, { waves: ["3"], order: ["x-*", "@canary"] });
  expect(first).toEqual(["x-1", "x-2", "web-3"]);
});

test("a wave that is left with nobody is none", () => {
  expect(sizes(["@canary", "web-3", "rest"])).toEqual([1, 9]);
});

test.each([["0"], ["0%"], ["101%"], ["@nobody"], ["-1"], ["2.5"]])("%s is refused", (wave) => {
  expect(() => planWaves(nodes, { waves: [wave], order: [] })).toThrow(/wave|matches no node/);
});

test("more waves than a head holds are refused", () => {
  const many = Array.from({ length: 60 }, (_, index) => ({ node: `n${index}`, tags: [] }));
  expect(() => planWaves(many, { waves: many.map(() => "1"), order: [] })).toThrow("at most 32");
});
