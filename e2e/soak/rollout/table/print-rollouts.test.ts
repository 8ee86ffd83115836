import { expect, test } from "vitest";
import { RolloutLine } from "../ledger-line.ts";
import { Moment } from "../moments.ts";
import { rolloutFaults } from "../rollout-faults.ts";
import { printRollouts } from "./print-rollouts.ts";

const line = (changes: Partial<RolloutLine> = {}): RolloutLine => ({
  soak: "rollout",
  commit: "abc",
  at: "2026-11-29T14:26:26.147Z",
  seed: 7,
  trial: 1,
  fault: "the lead is killed",
  moment: "probation",
  hit: true,
  nodes: 5,
  lead: "n1",
  systems: { from: "a", to: "b" },
  phase: "committed",
  end: "new",
  operator: "nothing",
  deployCode: 0,
  ok: true,
  wrong: [],
  ms: 1500,
  ...changes,
});

const rowOf = (page: string, name: string) =>
  page.split("\n").find((row) => row.startsWith(`| ${name} |`)) ?? "";

test("every moment and every fault has a row, tried or not, and what cannot be tried no cell", () => {
  const page = printRollouts([], {});
  for (const name of [...Moment.options, ...rolloutFaults.keys()])
    expect(rowOf(page, name), name).not.toBe("");
  expect(rowOf(page, "the canary fails at once")).toMatch(/^\| the canary fails at once \|( {2}\|){7} - \|/);
});

test("a trial counts at its moment, with how it ended and who had to act", () => {
  const paused = line({ trial: 2, moment: "paused", operator: "resumed", ms: 4_000 });
  const page = printRollouts([line(), line({ trial: 3, hit: false }), paused], {});
  expect(rowOf(page, "probation")).toBe("| probation | 2 | 1 | new 2 |  | 1.5 / 1.5 |");
  expect(rowOf(page, "paused")).toBe("| paused | 1 | 0 | new 1 | resumed 1 | 4.0 / 4.0 |");
  expect(rowOf(page, "the lead is killed")).toContain("| - | - | 2 | - |  | 1 | - | - | new 3 |");
});

test("what failed is marked, and open until somebody says what became of it", () => {
  const failed = line({ ok: false, end: "half", wrong: ["n1: says reverting"] });
  expect(rowOf(printRollouts([failed], {}), "7:1")).toContain("| n1: says reverting | **open** |");
  const page = printRollouts([failed], { "7:1": "mended" });
  expect(rowOf(page, "7:1")).toContain("| mended |");
  expect(rowOf(page, "probation")).toContain("1, **1 failed**");
});

test("a line that is none is refused", () => {
  expect(RolloutLine.safeParse(line()).success).toBe(true);
  expect(RolloutLine.safeParse({ ...line(), end: "fine" }).success).toBe(false);
});
