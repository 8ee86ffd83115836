/** Who needs attention, and what the table says of it. */
import type { NodeView } from "@chimera/proto/api";
import { LocalOrder } from "@chimera/proto/local-order";
import { StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { localOrder } from "./local/local-fixture.ts";
import { needsAttention, silentMs } from "./node-row.ts";
import { plain } from "./paint.ts";
import { statusTable } from "./status-table.ts";
import { effective, evil, fleet, status, view } from "./table-fixture.ts";

const nowMs = Date.parse("2026-11-23T12:00:05.000Z");
const ageMs = (iso: string): number => nowMs - Date.parse(iso);
const leafOf = () => null;
const sight = { ageMs, leafOf };
const later = (ms: number) => (iso: string) => nowMs + ms - Date.parse(iso);

test("a node is silent from its newest sign of life on, counted by the reader", () => {
  expect(silentMs(view, ageMs)).toBeNull();
  expect(silentMs(view, later(180_000))).toBe(185_000);
  expect(statusTable({ fleet, effective, nodes: [view], leafOf, ageMs: later(180_000) }, plain)).toContain(
    "reverted, silent for 3 m",
  );
  expect(silentMs({ ...view, status: null, beat: null }, ageMs)).toBeUndefined();
});

test("attention is needed by what failed, drifts, is silent, unsigned or not what was signed", () => {
  const drift = { ...status.drift, open: [], openCount: 0 };
  const good: NodeView = { ...view, status: { ...status, state: "committed", drift, problem: null } };
  expect(needsAttention(good, sight)).toBe(false);
  expect(needsAttention({ ...good, verified: false }, sight)).toBe(true);
  expect(needsAttention({ ...good, status: { ...status, state: "committed" } }, sight)).toBe(true);
  expect(needsAttention(view, sight)).toBe(true);
  expect(needsAttention({ ...good, status: null }, sight)).toBe(true);
  expect(needsAttention(good, { leafOf, ageMs: later(60_000) })).toBe(true);
});

test("a node is where it should be by the fleet's world, whatever document it goes by itself", () => {
  const drift = { ...status.drift, open: [], openCount: 0 };
  const well = { ...status, state: "committed" as const, drift, problem: null, waiting: null };
  const [undone, before] = ["u", "b"].map((letter) =>
    StorePath.parse(`/nix/store/${"0".repeat(31)}${letter === "u" ? "1" : "2"}-nixos-system-${letter}`),
  );
  if (undone === undefined || before === undefined) throw new Error("two paths");
  const on = (current: StorePath, wanted: StorePath): NodeView => ({
    ...view,
    status: { ...well, wanted, system: { ...well.system, current } },
  });
  const afterPanic = { ageMs, leafOf: () => before };
  const shown = (one: NodeView) => statusTable({ fleet, effective, nodes: [one], ...afterPanic }, plain);
  expect(needsAttention(on(before, before), afterPanic)).toBe(false);
  expect(shown(on(before, before))).toMatch(/ same +none, /u);
  // It has not heard of the panic, or has no right to follow it any more.
  expect(needsAttention(on(undone, undone), afterPanic)).toBe(true);
  expect(shown(on(undone, undone))).toMatch(/-system-u +\S+-system-b .* goes to \S+-system-u instead\n$/u);
  expect(needsAttention(on(before, undone), afterPanic)).toBe(false);
  expect(needsAttention(on(before, undone), sight)).toBe(true);
});

test("a node on which root ordered something is shown with that, and needs attention", () => {
  const local = LocalOrder.parse({ ...localOrder, author: evil });
  const drift = { ...status.drift, open: [], openCount: 0 };
  const own: NodeView = {
    ...view,
    status: { ...status, state: "committed", drift, problem: null, waiting: null, local },
  };
  expect(needsAttention(own, sight)).toBe(true);
  expect(statusTable({ fleet, effective, nodes: [own], ...sight }, plain)).toMatch(
    /local apply until 2026-11-23T13:00:00\.000Z by xy z\n$/u,
  );
});

test("what only a restart would bring is shown where it is news, and a node that stays empty needs attention", () => {
  const drift = { ...status.drift, open: [], openCount: 0 };
  const well = { ...status, state: "committed" as const, drift, problem: null, waiting: null };
  const shown = (restartAdvice: string[]) =>
    statusTable(
      { fleet, effective, nodes: [{ ...view, status: { ...well, restartAdvice } }], ...sight },
      plain,
    );
  expect(shown(["another initrd"])).not.toContain("restart");
  expect(shown(["another initrd", "another systemd: 257 -> 258"])).toMatch(
    /a restart would bring another initrd, another systemd: 257 -> 258\n$/u,
  );
  const waiting = { reason: "undrain-failed", detail: "the undrain failed 3 times" };
  expect(needsAttention({ ...view, status: { ...well, waiting } }, sight)).toBe(true);
});
