/** Who is believed about a rollout: the store, its leads beside it, and else everybody who says that it led. */
import { Digest, NodeName, WorldId } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test } from "vitest";
import { rolloutWord, type PastRecord } from "./rollout-voices.ts";

const head = Digest.parse("7".repeat(64));
const consent = {
  revertTo: WorldId.parse("a".repeat(64)),
  consentUntil: "2026-11-29T12:20:00.000Z",
};
const at = (minute: number) => `2026-11-29T12:${String(minute).padStart(2, "0")}:00.000Z`;

function word(lead: string, minute: number, changes: object = {}): PastRecord {
  const written = { v: 1, head, lease: 1, phase: "waves", reason: "", at: at(minute), lead };
  const record = RolloutRecord.parse({ ...written, ...changes });
  return { record, storedAt: at(minute), teller: NodeName.parse(lead) };
}

const kept = (one: PastRecord): PastRecord => ({ ...one, teller: null });
const forged = word("n9", 30, { phase: "returned", lease: 2 ** 40 });

test.each<[string, PastRecord[], object | null]>([
  ["nobody says anything", [], null],
  [
    "of another head",
    [{ ...forged, record: { ...forged.record, head: Digest.parse("8".repeat(64)) } }],
    null,
  ],
  ["in the name of another", [{ ...forged, teller: NodeName.parse("n8") }], null],
  [
    "one who led",
    [word("n1", 1), word("n1", 2, { phase: "committed" })],
    { record: { phase: "committed" }, disputed: [] },
  ],
  ["the store, beside a liar", [kept(word("n1", 1)), forged], { record: { phase: "waves" }, disputed: [] }],
  [
    "the store, and what its lead told",
    [word("n1", 1, { phase: "staging" }), kept(word("n1", 2)), word("n1", 3, { phase: "paused" })],
    { record: { phase: "paused" }, disputed: [] },
  ],
  [
    "two who say the same",
    [word("n1", 1), word("n2", 2, { lease: 2 })],
    { record: { phase: "waves", lease: 2 }, disputed: [] },
  ],
  [
    "two who do not",
    [word("n1", 1), forged],
    {
      disputed: [
        { node: "n1", phase: "waves" },
        { node: "n9", phase: "returned" },
      ],
    },
  ],
  [
    "a rollout that all are said to have committed goes on where the next record says so",
    [
      kept(word("n1", 1)),
      kept(word("n9", 2, { phase: "committed" })),
      kept(word("n1", 3)),
      kept(word("n1", 4, { phase: "returned" })),
    ],
    { record: { phase: "returned" }, disputed: [] },
  ],
  [
    "one that all committed is not taken back past its consent",
    [kept(word("n1", 1, { phase: "committed" })), kept(forged)],
    { record: { phase: "committed" }, disputed: [] },
  ],
  [
    "one that went back while it might is not committed by whoever may lead",
    [kept(word("n1", 10, { phase: "returned" })), kept(word("n9", 11, { phase: "committed" }))],
    { record: { phase: "returned" }, disputed: [] },
  ],
  [
    "that it went back when it might not is the end of nothing",
    [kept(word("n1", 21, { phase: "returned" })), kept(word("n1", 22, { phase: "paused" }))],
    { record: { phase: "paused" }, disputed: [] },
  ],
])("%s", (_name, records, expected) => {
  expect({ found: rolloutWord(records, { id: head, head: consent }) }).toMatchObject({ found: expected });
});
