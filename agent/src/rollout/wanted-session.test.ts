import { Digest, WorldId } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { wantedSession, type SessionSight } from "./wanted-session.ts";

const other = Digest.parse("c".repeat(64));
const id = Digest.parse("b".repeat(64));
const at = "2026-11-29T00:00:00.000Z";
const policy: RolloutPolicy = {
  waves: [{ list: id, size: 1 }],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 100,
  deadline: null,
  onDeadline: "hold",
};
const revertTo = WorldId.parse("a".repeat(64));
const head = {
  epoch: 0,
  serial: 7,
  policy: { rollout: policy },
  revertTo,
  consentUntil: "2026-11-29T02:00:00.000Z",
};
const withoutConsent = { ...head, revertTo: null, consentUntil: null };
const state = { panic: null, head: { id, head } };
const record = (phase: RolloutRecord["phase"], of = id) =>
  RolloutRecord.parse({ v: 1, head: of, lease: 1, phase, reason: "", at });
const late = { ...record("returned"), at: "2026-11-29T02:00:00.001Z" };
const nowMs = Date.parse("2026-11-29T05:00:00.000Z");
const sight: SessionSight = {
  state,
  record: null,
  stored: undefined,
  ended: null,
  isEligible: true,
  nowMs,
};
const back = record("returned");
const ended = { head: id, phase: "returned" } as const;
const over = { record: back, stored: back, ended };

test.each([
  ["no lead has begun", {}],
  ["a lead is at it", { record: record("waves") }],
  [
    "the record says that the fleet went back, without its consent",
    { state: { ...state, head: { id, head: withoutConsent } }, record: record("returned") },
  ],
  ["the record says that the fleet went back, after its consent had ended", { record: late }],
  ["it is paused", { record: record("paused") }],
  ["another head's rollout is over", { record: record("committed", other) }],
  ["its program has not seen the end with all that belongs to it", { ...over, ended: null }],
  ["its program has seen the end of another one", { ...over, ended: { ...ended, head: other } }],
  ["the store has lost the end that it knows", { ...over, stored: null }],
  ["the store has another head's record", { ...over, stored: record("committed", other) }],
  ["the store tells of another end than it knows", { ...over, ended: { ...ended, phase: "committed" } }],
  ["the store has a record of before the end", { ...over, stored: record("waves") }],
] satisfies [string, Partial<SessionSight>][])(
  "a node that may lead runs the program while %s",
  (_, changes) => {
    expect(wantedSession({ ...sight, ...changes })).toEqual({ head: id, epoch: 0, serial: 7 });
  },
);

test.each([
  ["it may not lead", { isEligible: false }],
  ["nothing was accepted", { state: null }],
  ["there is no head", { state: { ...state, head: null } }],
  ["the head has no waves", { state: { ...state, head: { id, head: { ...head, policy: {} } } } }],
  ["a panic undid it", { state: { ...state, panic: {} } }],
  [
    "everybody has committed",
    {
      ended: { ...ended, phase: "committed" },
      record: record("committed"),
      stored: record("committed"),
    },
  ],
  ["the fleet went back while it consented to that", over],
  ["it was so when the store was heard last", { ...over, stored: undefined }],
] satisfies [string, Partial<SessionSight>][])("it runs none where %s", (_, changes) => {
  expect(wantedSession({ ...sight, ...changes })).toBeNull();
});
