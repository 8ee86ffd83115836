import { expect, test } from "vitest";
import { maxChecks, maxUnitRules } from "@chimera/proto/health-check";
import { check, rule } from "./check-fixture.ts";
import { mergeChecks, mergeUnitRules } from "./merge-checks.ts";

const names = (checks: readonly { name: string }[]) => checks.map(({ name }) => name);

test("a node without any checks still looks at its store", () => {
  const [nix, ...others] = mergeChecks([], []);
  expect(nix).toMatchObject({ kind: "nix", name: "nix", everySeconds: 10, from: "node" });
  expect(others).toEqual([]);
});

test("a check of Nix by any name takes the place of the usual one, whoever says it", () => {
  const store = check("store", { kind: "nix", everySeconds: 60 });
  expect(mergeChecks([store], [])).toEqual([store]);
  expect(mergeChecks([], [store])).toEqual([store]);
});

test("the usual check takes another name where its own is taken", () => {
  expect(names(mergeChecks([check("nix"), check("nix-2")], []))).toEqual(["nix-3", "nix", "nix-2"]);
});

test("the head's check takes the place of the module's of that name, of another kind too", () => {
  const own = [check("web", { port: 80 }), check("ssh", { port: 22 })];
  const fromPolicy = check("web", { kind: "gpu" });
  expect(mergeChecks(own, [fromPolicy]).slice(1)).toEqual([fromPolicy, own[1]]);
});

test("of one name said twice the later counts", () => {
  const [first, second] = [check("web", { port: 1 }), check("web", { port: 2 })];
  expect(mergeChecks([first, second], []).slice(1)).toEqual([second]);
  expect(mergeChecks([], [first, second]).slice(1)).toEqual([second]);
});

test("what is too much is left out of the module's own, never of the head's", () => {
  const own = Array.from({ length: maxChecks }, (_, n) => check(`own-${n}`));
  const fromPolicy = Array.from({ length: maxChecks - 2 }, (_, n) => check(`head-${n}`));
  const merged = mergeChecks(own, fromPolicy);
  expect(merged).toHaveLength(maxChecks);
  expect(names(merged)).toEqual(["nix", ...names(fromPolicy), "own-0"]);
});

test("whatever is merged: names are there once, none of the head's is lost, and merging again changes nothing", () => {
  const pool = ["a", "b", "nix"].flatMap((name) => [check(name), check(name, { kind: "nix" })]);
  const lists = [[], ...pool.map((one) => [one]), ...pool.flatMap((one) => pool.map((two) => [one, two]))];
  for (const own of lists)
    for (const fromPolicy of lists) {
      const merged = mergeChecks(own, fromPolicy);
      expect(new Set(names(merged)).size).toBe(merged.length);
      expect(merged.some(({ kind }) => kind === "nix")).toBe(true);
      expect(new Set(names(merged))).toEqual(
        new Set([...names(merged), ...names(fromPolicy), ...names(own)]),
      );
      for (const one of fromPolicy.filter(({ name }, n) => !names(fromPolicy.slice(n + 1)).includes(name)))
        expect(merged).toContain(one);
      expect(mergeChecks(merged, fromPolicy).toSorted(byName)).toEqual(merged.toSorted(byName));
    }
});

const byName = (one: { name: string }, two: { name: string }) => one.name.localeCompare(two.name);

test("the head's rule for a unit takes the place of the module's", () => {
  const own = [rule("a.service", { ignore: true }), rule("b.service")];
  const [a] = [rule("a.service", { settleSeconds: 30 })];
  expect(mergeUnitRules(own, [a])).toEqual([a, own[1]]);
  const many = Array.from({ length: maxUnitRules }, (_, n) => rule(`u${n}.service`));
  expect(mergeUnitRules(own, many)).toEqual(many);
});
