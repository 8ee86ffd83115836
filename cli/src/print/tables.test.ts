/** Every table, with a node that writes escape sequences wherever it may write text. */
import { NodeEvent } from "@chimera/proto/event";
import { describe, expect, test } from "vitest";
import { driftTable } from "./drift-table.ts";
import { historyTable, nodeResultTable, rolloutLine, type HistoryRow } from "./history-table.ts";
import { plain } from "./paint.ts";
import { statusTable } from "./status-table.ts";
import { at, digest, effective, evil, fleet, item, status, toplevel, view } from "./table-fixture.ts";
import { bytes, bytesChange, duration, shortPath } from "./units.ts";

const nowMs = Date.parse("2026-11-23T12:00:05.000Z");
const ageMs = (iso: string): number => nowMs - Date.parse(iso);
const sight = { ageMs, leafOf: () => null };

const event = NodeEvent.parse({
  specversion: "1.0",
  id: "1",
  source: "n1",
  time: at,
  datacontenttype: "application/json",
  type: "drift-reverted",
  data: { item, ms: 12 },
});

const row: HistoryRow = {
  serial: "4",
  at,
  author: evil,
  mode: "deploy",
  world: digest,
  reason: evil,
  signed: true,
  rollout: null,
  results: null,
  isOld: false,
};

describe("no table passes on what a node or an author wrote to the terminal", () => {
  const texts = {
    status: statusTable({ fleet, effective, nodes: [view], ...sight }, plain),
    history: historyTable([row], plain),
    "history of one head": nodeResultTable(
      [{ node: "n1", outcome: "failed", state: "reverted", at, signed: true, reason: evil }],
      plain,
    ),
    drift: driftTable(
      {
        open: status.drift.open.map((one) => ({ node: view.node, item: one })),
        hidden: [{ node: view.node, count: 2 }],
        unwatched: [view.node],
        unseen: [{ node: view.node, what: evil }],
        exceptions: [
          {
            node: view.node,
            glob: `/etc/${evil}`,
            until: at,
            createdAt: at,
            author: evil,
            reason: evil,
            ended: false,
            verified: true,
          },
        ],
        fought: [{ node: view.node, path: `/etc/${evil}`, until: at, trips: 2 }],
        reverted: [event],
        ageMs,
      },
      plain,
    ),
  };
  test.each(Object.entries(texts))("%s", (_, text) => {
    expect(text).toMatch(/y(?: |\\x0a)z/u);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
  test("and each node keeps its one line", () => {
    expect(texts.status.trim().split("\n")).toHaveLength(4);
  });
});

test("a rollout of which nodes tell different stories is no phase, and each story is told, but not a thousand", () => {
  const disputed = Array.from({ length: 20 }, (_, i) => ({
    node: `n${i}`,
    phase: i === 0 ? "waves" : "returned",
  }));
  const rollout = { phase: "returned", reason: `a canary${evil}`, disputed };
  expect(historyOf({ rollout })).toMatch(/ disputed /u);
  expect(historyOf({ rollout: { ...rollout, disputed: [] } })).toMatch(/ returned /u);
  expect(rolloutLine(rollout)).toMatch(
    /disagree.*: n0 says waves, n1 says returned, .*n7 says returned, and 12 more$/u,
  );
  expect(rolloutLine({ ...rollout, disputed: [] })).toMatch(
    /^the rollout's lead said last: returned: a canary/u,
  );
});

const historyOf = (changes: Partial<HistoryRow>) => historyTable([{ ...row, ...changes }], plain);

test("what became of a head is counted; what cannot be known is said", () => {
  const counts = { committed: 3, reverted: 0, failed: 1, open: 0, silent: 2, signed: 4 };
  expect(historyOf({ signed: false, results: counts })).toContain("BAD SIGNATURE");
  expect(historyOf({ results: counts })).toContain("3 committed, 1 failed, 2 never answered");
  expect(historyOf({ results: counts, isOld: true })).toContain("2 not kept");
  expect(historyOf({ results: null })).toContain("its world is not kept");
});

test.each([
  [bytes(0), "0 B"],
  [bytes(1023), "1023 B"],
  [bytes(1024), "1.0 KiB"],
  [bytes(5_400_000_000), "5.0 GiB"],
  [bytesChange(-2048), "-2.0 KiB"],
  [duration(-5), "0 s"],
  [duration(119_000), "119 s"],
  [duration(180_000), "3 m"],
  [duration(7_200_000), "2 h"],
  [duration(400_000_000), "4 d"],
  [shortPath(null), "-"],
  [shortPath(toplevel), "5q2wz4r1-nixos-system-n1"],
])("%s", (shown, wanted) => {
  expect(shown).toBe(wanted);
});
