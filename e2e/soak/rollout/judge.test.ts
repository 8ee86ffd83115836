import { Digest, StorePath, WorldId } from "@chimera/proto/names";
import type { StateWord } from "@chimera/proto/state-word";
import { expect, test } from "vitest";
import { wrongEnd, wrongNodes, wrongReport, type FleetFacts, type NodeFacts, type Outcome } from "./judge.ts";

const system = (label: string) => StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-n1-${label}`);
const world = WorldId.parse("a".repeat(64));
const effective = {
  kind: "head",
  world,
  id: Digest.parse("b".repeat(64)),
  place: { epoch: 0, serial: 2, rank: 0 },
  paused: null,
} as const;

const status = (path = system("b"), state: StateWord = "committed") => ({
  state,
  system: { current: path, booted: path, profile: path, bootDefault: path },
});

const pointers = { current: system("b"), profile: system("b"), bootDefault: system("b") };
const node = (over: Partial<NodeFacts> = {}): NodeFacts => ({
  name: "n1",
  isOn: true,
  wanted: system("b"),
  pointers,
  status: status(),
  ...over,
});
const report = {
  code: 0,
  effective: { kind: "head", world },
  unverified: [],
  silent: [],
  rollout: { code: 0, phase: "committed" },
};
const facts: FleetFacts = { effective, phase: "committed", hasWaves: true, nodes: [node()], report };

test("a node on the effective world that says so is right", () => {
  expect(wrongNodes(facts)).toEqual([]);
  expect(wrongReport(facts)).toEqual([]);
});

test.each<[string, Partial<NodeFacts>, RegExp]>([
  [
    "runs another system",
    { pointers: { ...pointers, current: system("a") } },
    /n1: current .*n1-a, not .*n1-b/,
  ],
  ["would boot another", { pointers: { ...pointers, bootDefault: system("a") } }, /n1: bootDefault/],
  ["says another", { status: status(system("a")) }, /n1: says .*n1-a/],
  ["has not settled", { status: status(system("b"), "reverting") }, /says reverting/],
  ["has signed nothing", { status: null }, /no status that it signed/],
])("one that %s is named", (_, over, wrong) => {
  expect(wrongNodes({ effective, nodes: [node(), node(over)] }).join("; ")).toMatch(wrong);
});

test("who is off is not asked, but must be named as silent", () => {
  const nodes = [node(), node({ name: "n2", isOn: false, status: null, pointers: null })];
  expect(wrongNodes({ effective, nodes })).toEqual([]);
  expect(wrongReport({ ...facts, nodes })).toEqual(["status does not name n2 as silent, but "]);
  expect(wrongReport({ ...facts, nodes, report: { ...report, silent: ["n2"] } })).toEqual([]);
});

test("a fleet that is paused is not at rest", () => {
  expect(wrongNodes({ effective: { ...effective, paused: "n3" }, nodes: [node()] })).toEqual(["paused: n3"]);
});

test.each([
  ["an exit code", { code: 70 }],
  ["another world", { effective: { kind: "head", world: "c".repeat(64) } }],
  ["a word without its signature", { unverified: ["n1"] }],
  ["another phase", { rollout: { code: 0, phase: "waves" } }],
])("a report with %s is wrong", (_, over) => {
  expect(wrongReport({ ...facts, report: { ...report, ...over } })).toHaveLength(1);
});

const outcome: Outcome = {
  end: "new",
  ends: ["new"],
  wasOver: false,
  operator: "nothing",
  deployCode: 0,
  misleads: false,
};

test.each<[string, Partial<Outcome>, number]>([
  ["it committed, and deploy says so", {}, 0],
  ["it went where it may not", { end: "other" }, 2],
  ["it went back, and deploy says that it committed", { end: "old", ends: ["old"] }, 1],
  ["it went back, and deploy goes on as if nothing were", { end: "old", ends: ["old"], deployCode: null }, 1],
  ["it went back after deploy had said so", { end: "old", ends: ["old"], wasOver: true }, 0],
  ["it committed by itself, and deploy says that it failed", { deployCode: 70 }, 1],
  ["it committed, and the follower was told something else", { deployCode: 70, misleads: true }, 0],
  ["it was paused in between, and deploy says so", { deployCode: 70, operator: "resumed" }, 0],
])("%s", (_, over, count) => {
  expect(wrongEnd({ ...outcome, ...over })).toHaveLength(count);
});
