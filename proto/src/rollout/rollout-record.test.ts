import { expect, test } from "vitest";
import { Digest } from "../names.ts";
import { mayFollow, type RolloutRecord } from "./rollout-record.ts";

const record = (over: Partial<RolloutRecord> = {}): RolloutRecord => ({
  v: 1,
  head: Digest.parse("b".repeat(64)),
  lease: 4,
  phase: "waves",
  reason: "",
  at: "2026-11-29T00:00:00.000Z",
  ...over,
});
const isDone = ({ phase }: RolloutRecord) => phase === "committed";
const isOnItsWay = () => false;
const other = Digest.parse("c".repeat(64));

test.each<[string, { known: RolloutRecord | null; next: Partial<RolloutRecord> }, boolean]>([
  ["the first one", { known: null, next: {} }, true],
  ["one of the same lease", { known: record(), next: { phase: "paused" } }, true],
  ["one of the next lease", { known: record(), next: { lease: 5 } }, true],
  ["one of a lease before", { known: record(), next: { lease: 3 } }, false],
  [
    "one that takes back what everybody has",
    { known: record({ phase: "committed" }), next: { lease: 9, phase: "returned" } },
    false,
  ],
  [
    "one of another head, whatever its lease",
    { known: record({ phase: "committed" }), next: { head: other, lease: 1 } },
    true,
  ],
])("%s", (_, { known, next }, isHeeded) => {
  expect(mayFollow(known, record(next), isDone)).toBe(isHeeded);
});

test("who is still on its way goes on by the lead's word, whoever wrote that everybody has it", () => {
  const forged = record({ phase: "committed" });
  expect(mayFollow(forged, record({ phase: "waves" }), isOnItsWay)).toBe(true);
  expect(mayFollow(forged, record({ phase: "returned" }), isOnItsWay)).toBe(true);
  expect(mayFollow(forged, record({ phase: "returned" }), isDone)).toBe(false);
  expect(mayFollow(forged, record({ lease: 3 }), isOnItsWay)).toBe(false);
});
