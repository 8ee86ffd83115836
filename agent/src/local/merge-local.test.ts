import { createLocalOrder, noLocalState, type LocalOrder, type LocalState } from "@chimera/proto/local-order";
import { StorePath } from "@chimera/proto/names";
import type { Place } from "@chimera/proto/signed/place";
import { describe, expect, test } from "vitest";
import { activeLocalHold, activeLocalOrder, endedLocalOrder, mergeHolds } from "./merge-local.ts";

const noon = Date.parse("2026-11-23T12:00:00.000Z");
const hour = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const base = { epoch: 0, serial: 7, rank: 0 };

function given(changes: Partial<LocalOrder> = {}): LocalState {
  const order = createLocalOrder({
    v: 1,
    kind: "local-order",
    action: "apply",
    toplevel: StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-n1`),
    base,
    createdAt: iso(noon),
    until: iso(noon + hour),
    author: "root@n1",
    reason: "",
    ...changes,
  });
  return { v: 1, order, hold: null };
}

describe("a local order", () => {
  test.each([
    ["from its first moment", noon],
    ["until just before its end", noon + hour - 1],
  ])("counts %s", (_, nowMs) => {
    expect(activeLocalOrder(given(), { place: base, nowMs })?.base).toEqual(base);
    expect(endedLocalOrder(given(), { place: base, nowMs })).toBeNull();
  });

  const tooLong = given({ until: iso(noon + 8 * 24 * hour) });
  test.each<[string, { nowMs?: number; local?: LocalState; place?: Place }, RegExp]>([
    ["at its end", { nowMs: noon + hour }, /time is over/u],
    ["with a higher serial", { place: { ...base, serial: 8 } }, /0\.8 was accepted/u],
    ["with a panic of its own head", { place: { ...base, rank: 1 } }, /0\.7\+panic was accepted/u],
    ["with a higher epoch", { place: { epoch: 1, serial: 1, rank: 0 } }, /1\.1 was accepted/u],
    ["when the clock went back before it was given", { nowMs: noon - 1 }, /clock went back/u],
    ["when the clock went back to 1970", { nowMs: 0 }, /clock went back/u],
    ["when it lasts longer than any may", { local: tooLong }, /longer than any/u],
  ])("is over %s", (_, { nowMs = noon, local = given(), place = base }, reason) => {
    expect(activeLocalOrder(local, { place, nowMs })).toBeNull();
    expect(endedLocalOrder(local, { place, nowMs })?.reason).toMatch(reason);
  });

  test("is not ended by a lower document, or by none", () => {
    const now = { nowMs: noon + 1 };
    expect(activeLocalOrder(given(), { ...now, place: { ...base, serial: 6 } })).not.toBeNull();
    expect(activeLocalOrder(given(), { ...now, place: null })).not.toBeNull();
  });

  test("never lasts longer than its span, wherever the clock jumps to", () => {
    for (const jumpMs of [-10 * 24 * hour, -hour, -1, hour, 24 * hour]) {
      const nowMs = noon + jumpMs;
      const active = activeLocalOrder(given(), { place: base, nowMs });
      const leftMs = active === null ? 0 : Date.parse(active.until) - nowMs;
      expect(leftMs).toBeLessThanOrEqual(hour);
    }
  });

  test("that was never given neither counts nor ends", () => {
    expect(activeLocalOrder(noLocalState, { place: null, nowMs: noon })).toBeNull();
    expect(endedLocalOrder(noLocalState, { place: null, nowMs: noon })).toBeNull();
  });

  test("has another id when anything about it is another", () => {
    expect(given({ reason: "x" }).order?.id).not.toBe(given().order?.id);
    expect(given().order?.id).toBe(given().order?.id);
  });
});

describe("holds", () => {
  const signed = { until: iso(noon + hour), drift: true, evenPanic: false, author: "ops", reason: "backup" };
  const own = { until: iso(noon + 2 * hour), drift: false, evenPanic: true, author: "root", reason: "disk" };

  test("one alone is that one", () => {
    expect(mergeHolds(signed, null, noon)).toEqual(signed);
    expect(mergeHolds(null, own, noon)).toEqual(own);
    expect(mergeHolds(null, null, noon)).toBeNull();
  });

  test("two stop what either stops, until the later end, and name both", () => {
    expect(mergeHolds(signed, own, noon)).toEqual({
      until: own.until,
      drift: true,
      evenPanic: true,
      author: `ops until ${signed.until}, and root`,
      reason: "backup; disk",
    });
  });

  test("of two with the longest texts it is still a hold", () => {
    const wordy = { author: "a".repeat(256), reason: "r".repeat(1024) };
    const merged = mergeHolds({ ...signed, ...wordy }, { ...own, ...wordy }, noon);
    expect(merged?.author.length).toBeLessThanOrEqual(256);
    expect(merged?.reason.length).toBeLessThanOrEqual(1024);
  });

  test("root's own ends at its time, and when a clock gone back would make it last for years", () => {
    const local = { ...noLocalState, hold: own };
    expect(activeLocalHold(local, noon)).toEqual(own);
    expect(activeLocalHold(local, noon + 2 * hour)).toBeNull();
    expect(activeLocalHold(local, 0)).toBeNull();
    expect(mergeHolds(signed, own, 0)).toEqual(signed);
  });
});
