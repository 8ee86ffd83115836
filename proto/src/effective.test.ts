import { expect, test } from "vitest";
import { headOf, idOf, leavesOf, minutes, panicOf, signHead, signPanic } from "../test/test-fleet.ts";
import { effectiveWorld, type Effective } from "./effective.ts";
import type { RolloutRecord } from "./rollout/rollout-record.ts";
import { worldId } from "./signed/world.ts";

const [worldA, worldB] = ["a", "b"].map((letter) => worldId(leavesOf(letter)));
const head = headOf(2, "b", { revertTo: worldA ?? null, consentUntil: minutes(60) });
const id = idOf(signHead(head));
const panic = panicOf(signHead(head), head);
const panicId = idOf(signPanic(panic));
const record = (over: Partial<RolloutRecord>): RolloutRecord => ({
  v: 1,
  head: id,
  lease: 1,
  phase: "waves",
  reason: "3 of 8",
  at: minutes(1),
  ...over,
});
const place = { epoch: 0, serial: 2, rank: 0 };
const running = (paused: string | null) => ({ kind: "head", world: worldB, id, place, paused });
const undone = { kind: "panic", world: worldA, id: panicId, place: { ...place, rank: 1 } };
const returned = { kind: "returned", world: worldA, id, place: { ...place, rank: 1 } };
const full = { head: { id, head }, panic: null, rollout: null, nowMs: Date.parse(minutes(10)) };
const withoutConsent = { id, head: { ...head, revertTo: null, consentUntil: null } };
const late = Date.parse(minutes(60)) + 1;

test.each<[string, Parameters<typeof effectiveWorld>[0], unknown]>([
  ["nothing before the first head", { ...full, head: null }, { kind: "none" }],
  ["the head by itself", full, running(null)],
  ["the head while its rollout goes on", { ...full, rollout: record({}) }, running(null)],
  ["the head, paused", { ...full, rollout: record({ phase: "paused", reason: "n3" }) }, running("n3")],
  ["the way back that it consented to", { ...full, rollout: record({ phase: "returned" }) }, returned],
  [
    "no way back past its consent",
    { ...full, rollout: record({ phase: "returned" }), nowMs: late },
    running("undone: 3 of 8"),
  ],
  [
    "the way back that this machine has begun, past its consent and without a record",
    { ...full, nowMs: late, isBack: true },
    returned,
  ],
  [
    "no way back without consent",
    { ...full, head: withoutConsent, rollout: record({ phase: "returned" }) },
    running("undone: 3 of 8"),
  ],
  ["no way back after its commit", { ...full, rollout: record({ phase: "committed" }) }, running(null)],
  [
    "no way back for the record of another head",
    { ...full, rollout: record({ phase: "returned", head: panicId }) },
    running(null),
  ],
  ["the panic of the head", { ...full, panic: { id: panicId, panic } }, undone],
  [
    "the panic of the head, whatever the rollout",
    { ...full, panic: { id: panicId, panic }, rollout: record({ phase: "committed" }) },
    undone,
  ],
  ["the panic of a head that is not at hand", { ...full, head: null, panic: { id: panicId, panic } }, undone],
  [
    "the head after an older panic",
    { ...full, panic: { id: panicId, panic: { ...panic, serial: 1 } } },
    running(null),
  ],
  [
    "the head beside a panic of another head of its place",
    { ...full, panic: { id: panicId, panic: { ...panic, undoes: panicId } } },
    running(null),
  ],
])("is %s", (_, input, expected) => {
  const effective: Effective = effectiveWorld(input);
  expect(effective).toEqual(expected);
});
