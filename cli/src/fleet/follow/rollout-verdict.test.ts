import { Digest } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { rolloutVerdict } from "./rollout-verdict.ts";

const head = Digest.parse("ab".repeat(32));
const record = (phase: RolloutRecord["phase"], of = head) =>
  RolloutRecord.parse({
    v: 1,
    head: of,
    lease: 1,
    phase,
    reason: "2 failed,\u001B[31m 1 may",
    at: "2026-11-29T12:00:00.000Z",
  });

test.each(["staging", "waves"] as const)("while it is in %s everybody is waited for", (phase) => {
  expect(rolloutVerdict(record(phase), head)).toEqual({ kind: "going" });
});

test("a committed one is over; a record of another head, or none, says nothing", () => {
  expect(rolloutVerdict(record("committed"), head)).toEqual({ kind: "over" });
  expect(rolloutVerdict(record("committed", Digest.parse("cd".repeat(32))), head)).toEqual({ kind: "going" });
  expect(rolloutVerdict(null, head)).toEqual({ kind: "going" });
});

test.each([
  ["paused", /^the rollout is paused: 2 failed,\P{Cc}* 1 may$/u],
  ["returned", /^the rollout was undone, nodes go back: 2 failed,\P{Cc}* 1 may$/u],
] as const)(
  "one that is %s ends the waiting with the lead's reason, and none of its control bytes",
  (phase, message) => {
    expect(rolloutVerdict(record(phase), head)).toEqual({
      kind: "stopped",
      message: expect.stringMatching(message),
    });
  },
);
