/** Whether nodes bear out that everybody has committed. */
import { Digest, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { expect, test } from "vitest";
import { createHead, createLeaf, createSigner } from "../control/fleet-fixture.ts";
import type { LeadSight, NodeSight } from "./lead-sight.ts";
import { isSettled, wasSettled } from "./settled.ts";

const id = Digest.parse("b".repeat(64));
const at = "2026-11-29T12:00:00.000Z";
const [before, after] = ["2026-11-29T11:00:00.000Z", "2026-11-29T12:00:01.000Z"];
const names = ["n1", "n2", "n3"].map((name) => NodeName.parse(name));
const policy: RolloutPolicy = {
  waves: [
    { list: id, size: 1 },
    { list: id, size: 2 },
  ],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: null,
  onDeadline: "hold",
};
const done: NodeSight = {
  silentMs: 1000,
  hasHead: true,
  acceptedAt: before,
  state: "committed",
  waiting: null,
  problem: "",
  lostContact: false,
  asksHold: false,
  isProven: true,
  isGoingBack: false,
};
const underWay: NodeSight = { ...done, state: "probation", isProven: false };
const failed: NodeSight = { ...underWay, state: "reverted", problem: "unit web failed" };
const staged: NodeSight = { ...underWay, state: "staged", waiting: "rollout" };

function sightOf(nodes: readonly NodeSight[], over: Partial<LeadSight["record"]> = {}): LeadSight {
  return {
    nowMs: 10_000_000,
    sinceMs: 0,
    releasedMs: 0,
    lostMs: null,
    utcMs: Date.parse(after),
    at,
    mayReturn: true,
    head: { id, head: createHead(7, [createLeaf(createSigner("n1"), "a")]) },
    policy,
    waves: [names.slice(0, 1), names.slice(1)],
    record: { v: 1, head: id, lease: 1, phase: "committed", reason: "", at, ...over },
    nodes: new Map(nodes.map((sight, i) => [names[i] ?? NodeName.parse("x"), sight])),
    ask: null,
  };
}

test.each<[string, NodeSight[], boolean]>([
  ["everybody has committed", [done, done, done], true],
  ["one is away", [done, done], true],
  ["a node of the last wave is under way", [done, done, underWay], false],
  ["nobody of the last wave was let go, for hours", [done, staged, staged], false],
  ["a node of the last wave failed", [done, done, failed], false],
  ["the wave before the last is not proven", [failed, done, done], false],
])("%s", (_, nodes, expected) => {
  expect(isSettled(sightOf(nodes))).toBe(expected);
});

test("as many failures as an operator went on over are no reason against it", () => {
  expect(isSettled(sightOf([done, done, failed], { tolerated: 1 }))).toBe(true);
});

test.each<[string, NodeSight, boolean]>([
  ["fails", { ...failed, acceptedAt: after }, true],
  ["is under way", { ...underWay, acceptedAt: after }, true],
  ["had the head before, and fails", failed, false],
  ["had the head before, and is under way", underWay, false],
])("who came only after the end changes nothing: one %s", (_, late, expected) => {
  expect(wasSettled(sightOf([done, done, late]))).toBe(expected);
});

test("a time at which nobody had the head hides nobody", () => {
  const early = { at: "2026-11-29T10:00:00.000Z" };
  expect(wasSettled(sightOf([done, done, failed], early))).toBe(false);
  expect(wasSettled(sightOf([done, done, done], early))).toBe(true);
});
