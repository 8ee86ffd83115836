import { expect, test } from "vitest";
import { faultNames } from "../fault-table.ts";
import { JournalStep } from "../journal-steps.ts";
import { LedgerLine } from "../ledger-line.ts";
import { printFaults } from "./print-faults.ts";

const line = (changes: Partial<LedgerLine>): LedgerLine => ({
  soak: "activation",
  commit: "abc",
  at: "2026-11-23T14:26:26.147Z",
  machine: "container",
  node: "n1",
  seed: 7,
  trial: 1,
  only: null,
  mode: "kills",
  scope: "agent",
  fault: null,
  scenario: "good",
  aim: "3 ms after the order",
  step: "probation",
  write: 1,
  hit: true,
  systems: { from: "soak-a", to: "soak-b" },
  end: "new",
  ok: true,
  wrong: [],
  ms: 1500,
  ...changes,
});

const rowOf = (page: string, name: string) =>
  page.split("\n").find((row) => row.startsWith(`| ${name} |`)) ?? "";

test("every step of the journal and every fault has a row, tried or not", () => {
  const page = printFaults([], {});
  for (const name of [...JournalStep.options, ...faultNames]) expect(rowOf(page, name), name).not.toBe("");
});

test("a kill counts where it hit, under what died", () => {
  const page = printFaults(
    [
      line({ scope: "sentinel" }),
      line({ scope: "sentinel", trial: 2 }),
      line({ scope: "machine", machine: "vm", mode: "vm", trial: 3, end: "old" }),
    ],
    {},
  );
  expect(rowOf(page, "probation")).toBe("| probation | - | 2 | - | 1 | old 1, new 2 |");
});

test("one whose moment did not come counts as a trial and in no step", () => {
  const page = printFaults([line({ hit: false, step: null, write: null })], {});
  expect(rowOf(page, "probation")).toBe("| probation | - | - | - | - |  |");
  expect(rowOf(page, "good")).toContain("| 1 |");
});

test("what failed is counted, marked and named with its seed", () => {
  const page = printFaults(
    [line({}), line({ trial: 2, end: "half", ok: false, wrong: ["runs a | profile b"], ms: 90_000 })],
    { "7:2": "mended" },
  );
  expect(rowOf(page, "good")).toBe("| good | 2, **1 failed** | new 1, half 1 | 1.5 / 90.0 | no |");
  expect(rowOf(page, "7:2")).toContain("runs a \\| profile b | mended |");
  expect(rowOf(page, "random kills of processes")).toContain("| new 1, half 1 | 1 |");
});

test("a trial that could not be done says nothing of the node", () => {
  const failed = line({ end: "half", ok: false, systems: { from: "", to: "" }, wrong: ["no answer"] });
  const page = printFaults([failed], {});
  expect(rowOf(page, "random kills of processes")).toContain("| unknown 1 | 0 |");
  expect(rowOf(page, "7:1")).toContain("| no answer | **open** |");
});

test("a fault that needs a person says so", () => {
  const fault = "activation exits 2";
  const page = printFaults(
    [line({ mode: "faults", fault, scenario: null, scope: null, hit: false, step: null, end: "halted" })],
    {},
  );
  expect(rowOf(page, fault)).toContain("yes, in 1 of 1");
});

test("a line of the ledger that is none is refused", () => {
  expect(LedgerLine.safeParse(line({})).success).toBe(true);
  expect(LedgerLine.safeParse({ ...line({}), end: "fine" }).success).toBe(false);
});
