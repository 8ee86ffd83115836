import { Digest } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { gateOf, type GateSight } from "./rollout-gate.ts";

const list = Digest.parse("a".repeat(64));
const policy: RolloutPolicy = {
  waves: [
    { list, size: 1 },
    { list, size: 4 },
  ],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: "2026-11-29T01:00:00.000Z",
  onDeadline: "proceed",
};
const record: RolloutRecord = {
  v: 1,
  head: list,
  lease: 1,
  phase: "waves",
  reason: "wave 2 of 2: 2 of 4 may go",
  at: "2026-11-29T00:00:00.000Z",
  released: { wave: 1, first: 2 },
};
const sight: GateSight = {
  policy,
  record,
  place: { wave: 1, position: 1 },
  isProven: true,
  isLeadQuiet: true,
  nowMs: Date.parse("2026-11-29T00:30:00.000Z"),
};
const late = Date.parse("2026-11-29T01:00:00.001Z");

test.each<[string, Partial<GateSight>]>([
  ["without waves", { policy: undefined, record: null, place: null }],
  ["that was let go in its wave", {}],
  ["of an earlier wave", { place: { wave: 0, position: 0 }, isProven: false }],
  [
    "that returns after the end",
    { record: { ...record, phase: "committed" }, place: { wave: 1, position: 3 } },
  ],
  ["after the deadline without a lead", { record: null, place: null, nowMs: late }],
  ["after the deadline of a lead that is gone", { record: { ...record, phase: "staging" }, nowMs: late }],
])("a node %s goes", (_, changes) => {
  expect(gateOf({ ...sight, ...changes })).toBeNull();
});

test.each<[string, Partial<GateSight>, string]>([
  ["before any lead began", { record: null }, "no lead has begun"],
  ["while others get ready", { record: { ...record, phase: "staging" } }, "gets ready first"],
  [
    "that was away when it was let go",
    { record: { ...record, released: { wave: 1, first: 4, absent: Buffer.of(0b100).toString("base64") } } },
    "2 of 4 may go",
  ],
  [
    "after the deadline of a lead that lives",
    { nowMs: late, isLeadQuiet: false, isProven: false },
    "has not proved it",
  ],
  [
    "whose clock is hours ahead of a lead's",
    { nowMs: late + 6 * 3_600_000, isLeadQuiet: false, record: null },
    "no lead",
  ],
  ["further down its wave", { place: { wave: 1, position: 2 } }, "2 of 4 may go"],
  ["without the lists", { place: null }, "could not be read"],
  ["whom an unproven record lets go", { isProven: false }, "has not proved it"],
  [
    "whom nobody proved even at the end",
    { record: { ...record, phase: "committed" }, isProven: false },
    "has not proved it",
  ],
  [
    "after the deadline of a pause",
    { record: { ...record, phase: "paused", reason: "by kim" }, nowMs: late },
    "by kim",
  ],
  [
    "after a deadline that holds",
    { policy: { ...policy, onDeadline: "hold" }, record: null, nowMs: late },
    "no lead",
  ],
])("a node %s waits", (_, changes, detail) => {
  expect(gateOf({ ...sight, ...changes })).toMatchObject({
    reason: "rollout",
    detail: expect.stringContaining(detail),
  });
});
