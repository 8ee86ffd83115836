/** Every table, with a node that writes escape sequences wherever it may write text. */
import { FleetView, NodeView, StoredHead } from "@chimera/proto/api";
import { NodeEvent } from "@chimera/proto/event";
import { LocalOrder } from "@chimera/proto/local-order";
import { NodeStatus } from "@chimera/proto/status";
import { describe, expect, test } from "vitest";
import { driftTable } from "./drift-table.ts";
import { historyTable, nodeResultTable, rolloutLine, type HistoryRow } from "./history-table.ts";
import { localOrder } from "./local/local-fixture.ts";
import { needsAttention, silentMs } from "./node-row.ts";
import { plain } from "./paint.ts";
import { statusTable } from "./status-table.ts";
import { bytes, bytesChange, duration, shortPath } from "./units.ts";

const evil = "x\u001b]52;c;ZXZpbA==\u0007\u001b[2Jy\nz\u009b31m";
const digest = "ab".repeat(32);
const at = "2026-11-23T12:00:00.000Z";
const nowMs = Date.parse("2026-11-23T12:00:05.000Z");
const ageMs = (iso: string): number => nowMs - Date.parse(iso);
const later = (ms: number) => (iso: string) => nowMs + ms - Date.parse(iso);
const toplevel = "/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1";
const item = {
  path: `/etc/${evil}`,
  kind: "wrong-target",
  expected: { type: "symlink", target: evil },
  found: { type: "file", size: 3, mode: "0644", uid: 0, gid: 0 },
};
const view = NodeView.parse({
  node: "n1",
  nodeKey: null,
  verified: true,
  status: {
    v: 1,
    node: "n1",
    fleetId: digest,
    at,
    state: "reverted",
    waiting: { reason: evil, detail: evil },
    agent: { version: evil, path: null, startedAt: at, bootId: evil },
    accepted: { epoch: 0, serial: 4, id: digest, world: digest, acceptedAt: at },
    wanted: toplevel,
    system: { current: toplevel, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: at, managed: 9, open: [item], openCount: 3, reverted: 2 },
    problem: { code: evil, message: evil, at },
  },
  beat: { e: 0, s: 4, p: "reverted", at },
  health: {
    v: 1,
    node: "n1",
    at,
    uptimeSeconds: 1,
    load1: 0,
    memoryTotalBytes: 1,
    memoryAvailableBytes: 1,
    storeTotalBytes: 1,
    storeFreeBytes: 1,
    systemState: evil,
    failedUnits: [],
  },
  hardware: null,
  build: null,
});
const status = NodeStatus.parse(view.status);
const head = StoredHead.parse({
  id: digest,
  revision: 1,
  storedAt: at,
  signedBy: [evil],
  envelope: {
    payloadType: "x",
    payload: "",
    signatures: [{ keyid: "k", sig: Buffer.alloc(64).toString("base64") }],
  },
  head: {
    v: 1,
    kind: "head",
    fleetId: digest,
    epoch: 0,
    serial: 4,
    world: digest,
    size: 1,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: at,
    notAfter: at,
    author: evil,
    reason: evil,
  },
});
const fleet = FleetView.parse({ fleetId: digest, head, revision: 1, panic: null, rollout: null, keys: 1 });
const effective = { kind: "none" } as const;
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
    status: statusTable({ fleet, effective, nodes: [view], ageMs }, plain),
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

test("a node is silent from its newest sign of life on, counted by the reader", () => {
  expect(silentMs(view, ageMs)).toBeNull();
  expect(silentMs(view, later(180_000))).toBe(185_000);
  expect(statusTable({ fleet, effective, nodes: [view], ageMs: later(180_000) }, plain)).toContain(
    "reverted, silent for 3 m",
  );
  expect(silentMs({ ...view, status: null, beat: null }, ageMs)).toBeUndefined();
});

test("attention is needed by what failed, drifts, is silent, unsigned or not what was signed", () => {
  const drift = { ...status.drift, open: [], openCount: 0 };
  const good: NodeView = { ...view, status: { ...status, state: "committed", drift, problem: null } };
  expect(needsAttention(good, ageMs)).toBe(false);
  expect(needsAttention({ ...good, verified: false }, ageMs)).toBe(true);
  expect(needsAttention({ ...good, status: { ...status, state: "committed" } }, ageMs)).toBe(true);
  expect(needsAttention(view, ageMs)).toBe(true);
  expect(needsAttention({ ...good, status: null }, ageMs)).toBe(true);
  expect(needsAttention(good, (iso) => ageMs(iso) + 60_000)).toBe(true);
});

test("a node on which root ordered something is shown with that, and needs attention", () => {
  const local = LocalOrder.parse({ ...localOrder, author: evil });
  const drift = { ...status.drift, open: [], openCount: 0 };
  const own: NodeView = {
    ...view,
    status: { ...status, state: "committed", drift, problem: null, waiting: null, local },
  };
  expect(needsAttention(own, ageMs)).toBe(true);
  expect(statusTable({ fleet, effective, nodes: [own], ageMs }, plain)).toMatch(
    /local apply until 2026-11-23T13:00:00\.000Z by xy z\n$/u,
  );
});

test("what only a restart would bring is shown where it is news, and a node that stays empty needs attention", () => {
  const drift = { ...status.drift, open: [], openCount: 0 };
  const well = { ...status, state: "committed" as const, drift, problem: null, waiting: null };
  const shown = (restartAdvice: string[]) =>
    statusTable({ fleet, effective, nodes: [{ ...view, status: { ...well, restartAdvice } }], ageMs }, plain);
  expect(shown(["another initrd"])).not.toContain("restart");
  expect(shown(["another initrd", "another systemd: 257 -> 258"])).toMatch(
    /a restart would bring another initrd, another systemd: 257 -> 258\n$/u,
  );
  const waiting = { reason: "undrain-failed", detail: "the undrain failed 3 times" };
  expect(needsAttention({ ...view, status: { ...well, waiting } }, ageMs)).toBe(true);
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
