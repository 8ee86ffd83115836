import { Digest, NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { toldEnd, type EndWord } from "./told-end.ts";

const head = Digest.parse("b".repeat(64));
const receipt = { payloadType: "x", payload: "", signatures: [] };
const words = (phase: EndWord["phase"], ...at: string[]): EndWord[] =>
  at.map((time, i) => ({ node: NodeName.parse(`n${i}`), phase, receipt, at: time }));
const early = "2026-11-29T00:00:00.000Z";
const noon = "2026-11-29T12:00:00.000Z";
const late = "2027-01-01T00:00:00.000Z";

test.each(["returned", "committed"] as const)(
  "half of a world tells that it is %s, and when: one that lies about the time changes nothing",
  (phase) => {
    const record = toldEnd(words(phase, late, noon, noon, early, noon), { head, size: 10 });
    expect(record).toMatchObject({ head, phase, at: noon, lease: 0 });
    expect(record?.reason).toContain("5 of 10 nodes have signed");
  },
);

test("fewer tell nothing, also where both are said", () => {
  const four = [noon, noon, noon, noon];
  expect(
    toldEnd([...words("returned", ...four), ...words("committed", ...four)], { head, size: 10 }),
  ).toBeNull();
  expect(toldEnd([], { head, size: 1 })).toBeNull();
});

test("where half have signed the one and half the other nobody goes on without a person", () => {
  const two = [noon, noon];
  const record = toldEnd([...words("returned", ...two), ...words("committed", ...two)], { head, size: 4 });
  expect(record).toMatchObject({ phase: "paused", reason: expect.stringContaining("half of the nodes") });
});
