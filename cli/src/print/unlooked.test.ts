/** A node that does not look, as who asks is told: silence of a node is no word of its state. */
import { NodeStatus } from "@chimera/proto/status";
import { expect, test } from "vitest";
import { driftTable, unlookedSince } from "./drift-table.ts";
import { needsAttention, nodeRow } from "./node-row.ts";
import { at, status, view } from "./table-fixture.ts";

const plain = (_: string, text: string): string => text;
const later = (seconds: number): string => new Date(Date.parse(at) + seconds * 1000).toISOString();
const statusOf = (lastSweepAt: string | null, seconds: number, sweepSeconds?: number) =>
  NodeStatus.parse({
    ...status,
    at: later(seconds),
    state: "committed",
    waiting: null,
    problem: null,
    drift: { lastSweepAt, sweepSeconds, managed: 9, open: [], openCount: 0, reverted: 0 },
  });

test.each([
  { last: at, seconds: 180, every: undefined, wanted: undefined },
  { last: at, seconds: 181, every: undefined, wanted: at },
  { last: at, seconds: 181, every: 600, wanted: undefined },
  { last: at, seconds: 1801, every: 600, wanted: at },
  { last: null, seconds: 0, every: 60, wanted: null },
])("last looked at $last, $seconds s ago, every $every s: $wanted", ({ last, seconds, every, wanted }) => {
  expect(unlookedSince(statusOf(last, seconds, every))).toBe(wanted);
});

test("status and drift say it, and do not say that all is well", () => {
  const none = { hidden: [], unwatched: [], unseen: [], exceptions: [], fought: [], reverted: [] };
  const sight = { ageMs: () => 0, leafOf: () => null };
  const idle = { ...view, status: statusOf(at, 600) };
  const well = { ...view, status: statusOf(at, 10) };
  expect(nodeRow(idle, sight, plain)).toContain(`not looked at since ${at}`);
  expect([needsAttention(idle, sight), needsAttention(well, sight)]).toEqual([true, false]);
  const unlooked = [{ node: view.node, since: at }];
  const text = driftTable({ ...none, open: [], unlooked, ageMs: () => 0 }, plain);
  expect(text).toBe(`no difference is known\nn1: not looked at since ${at}\n`);
  expect(driftTable({ ...none, open: [], ageMs: () => 0 }, plain)).toContain("nothing differs");
});
