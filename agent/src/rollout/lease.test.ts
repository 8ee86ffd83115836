import { Digest } from "@chimera/proto/names";
import { maxLease, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { judgeLease, leaseMs, type LeaseSight } from "./lease.ts";

const head = Digest.parse("b".repeat(64));
const at = "2026-11-29T00:00:00.000Z";
const record: RolloutRecord = {
  v: 1,
  head,
  lease: 4,
  phase: "waves",
  reason: "wave 1 of 2: 1 of 1 may go",
  at,
  lead: "n1",
  released: { wave: 0, first: 1 },
};
const place = { epoch: 0, serial: 7 };
const sight: LeaseSight = {
  record,
  heardMs: 1_000,
  nowMs: 2_000,
  head,
  place,
  known: null,
  me: "n2",
  mine: null,
  stored: "unknown",
};

test("who finds no record of the head begins with it, above every lease before", () => {
  expect(judgeLease({ ...sight, record: null }, at)).toMatchObject({
    kind: "take",
    record: { lease: 1, phase: "staging", lead: "n2", released: null },
  });
  const other = { ...record, head: Digest.parse("c".repeat(64)) };
  expect(judgeLease({ ...sight, record: other }, at)).toMatchObject({
    kind: "take",
    record: { lease: 5, head },
  });
});

test("a lead that writes is followed; one that stands still gives way, and its waves stay as they are", () => {
  expect(judgeLease(sight, at)).toEqual({ kind: "follow", lead: "n1" });
  expect(judgeLease({ ...sight, nowMs: 1_000 + leaseMs }, at)).toMatchObject({
    kind: "take",
    record: { lease: 5, lead: "n2", phase: "waves", released: { wave: 0, first: 1 } },
  });
});

test("only the run that took the lease leads: one that was restarted takes a new one", () => {
  expect(judgeLease({ ...sight, me: "n1", mine: 4 }, at)).toMatchObject({ kind: "lead" });
  expect(judgeLease({ ...sight, me: "n1" }, at).kind).toBe("follow");
  expect(judgeLease({ ...sight, me: "n1", mine: 3 }, at).kind).toBe("follow");
});

test("a record that is about a head which nobody published holds nobody up", () => {
  const foreign = { ...record, head: Digest.parse("c".repeat(64)), place: { epoch: 0, serial: 99 } };
  expect(judgeLease({ ...sight, record: foreign, stored: "this" }, at).kind).toBe("follow");
  expect(judgeLease({ ...sight, record: foreign, stored: "another" }, at)).toMatchObject({
    kind: "take",
    record: { head: sight.head, lease: record.lease + 1 },
  });
});

test("whoever writes the highest lease into the store keeps nobody from leading", () => {
  const highest = { ...record, lease: maxLease };
  const taken = judgeLease({ ...sight, record: highest, nowMs: 1_000 + leaseMs }, at);
  expect(taken).toMatchObject({ kind: "take", record: { lease: maxLease, lead: "n2" } });
  expect(RolloutRecord.parse(taken.kind === "take" ? taken.record : null)).toBeDefined();
});

test.each([
  ["a newer head", { epoch: 0, serial: 8 }, "follow"],
  ["a newer epoch", { epoch: 1, serial: 1 }, "follow"],
  ["another head of the same place", place, "follow"],
  ["an older head", { epoch: 0, serial: 6 }, "take"],
  ["a head of the first agents", undefined, "take"],
])("the record of %s: %s", (_, theirs, kind) => {
  const other = { ...record, head: Digest.parse("c".repeat(64)), place: theirs };
  expect(judgeLease({ ...sight, record: other, nowMs: 90_000 }, at).kind).toBe(kind);
});

test("what the store has lost goes on as it was known", () => {
  const known = { ...record, lease: 9, phase: "paused" as const, reason: "paused by kim" };
  expect(judgeLease({ ...sight, record: null, known }, at)).toMatchObject({
    kind: "take",
    record: { lease: 10, lead: "n2", phase: "paused", reason: "paused by kim", place },
  });
  const later = "2026-11-29T09:00:00.000Z";
  for (const phase of ["returned", "committed"] as const) {
    expect(judgeLease({ ...sight, record: null, known: { ...record, phase } }, later)).toMatchObject({
      kind: "take",
      record: { lease: 5, phase, at },
    });
  }
});
