import type { DriftException, DriftRule } from "@chimera/proto/drift-policy";
import { expect, test } from "vitest";
import { createStance, type SignedDriftPolicy } from "./drift-stance.ts";

const at = Date.parse("2026-11-23T12:00:00.000Z");
const later = "2026-11-23T14:00:00.000Z";
const earlier = "2026-11-23T11:00:00.000Z";
const rule = (glob: string, mode: DriftRule["mode"], over: Partial<DriftRule> = {}): DriftRule => ({
  glob,
  mode,
  reason: "test",
  ...over,
});
const exception = (glob: string, over: Partial<DriftException> = {}): DriftException => ({
  glob,
  until: later,
  createdAt: earlier,
  author: "anna",
  reason: "measuring",
  ended: false,
  ...over,
});
const unsigned: SignedDriftPolicy = { exceptions: [], fleet: undefined };
const plain = { mode: "revert", rules: [], window: null } as const;

test("without a policy the node's mode counts, and says so", () => {
  expect(createStance(plain)("/etc/a", unsigned, at)).toEqual({ kind: "revert", by: "mode" });
  expect(createStance({ ...plain, mode: "report" })("/etc/a", unsigned, at)).toEqual({
    kind: "report",
    why: "the node's mode is report",
    by: "mode",
  });
});

test("the first rule that names a path counts: an order, then the head's, then the node's", () => {
  const stance = createStance({
    ...plain,
    mode: "report",
    rules: [rule("/etc/a", "revert"), rule("/etc/**", "ignore")],
  });
  const fleet = { rules: [rule("/etc/b*", "revert", { reason: "fleet" })] };
  const signed = { exceptions: [exception("/etc/bx")], fleet };
  expect(stance("/etc/a", signed, at)).toEqual({ kind: "revert", by: "module" });
  expect(stance("/etc/.hidden/file", signed, at)).toMatchObject({
    kind: "ignore",
    by: "module",
    why: expect.stringContaining("/etc/**"),
  });
  expect(stance("/etc/by", signed, at)).toEqual({ kind: "revert", by: "head" });
  expect(stance("/etc/bx", signed, at)).toEqual({
    by: "order",
    kind: "report",
    why: `/etc/bx is ignored until ${later} by anna: measuring`,
  });
  expect(stance("/run/x", signed, at).kind).toBe("report");
});

test("what has an end counts until then, and an order that was ended counts no more", () => {
  const stance = createStance({ ...plain, rules: [rule("/etc/a", "ignore", { until: later })] });
  const signed = {
    exceptions: [exception("/etc/b"), exception("/etc/c", { ended: true })],
    fleet: undefined,
  };
  expect(stance("/etc/a", signed, at).kind).toBe("ignore");
  expect(stance("/etc/a", signed, Date.parse(later) + 1).kind).toBe("revert");
  expect(stance("/etc/b", signed, at).kind).toBe("report");
  expect(stance("/etc/b", signed, Date.parse(later) + 1).kind).toBe("revert");
  expect(stance("/etc/c", signed, at).kind).toBe("revert");
});

test("outside of the window it is only reported, the fleet's window before the node's", () => {
  const stance = createStance({ ...plain, window: { from: "23:00", to: "01:00" } });
  expect(stance("/etc/a", unsigned, at)).toEqual({
    kind: "report",
    why: "it is put back between 23:00 and 01:00 UTC",
    by: "module",
  });
  expect(stance("/etc/a", unsigned, Date.parse("2026-11-23T00:30:00Z")).kind).toBe("revert");
  const fleet = { window: { from: "11:00", to: "13:00" } };
  expect(stance("/etc/a", { exceptions: [], fleet }, at)).toEqual({ kind: "revert", by: "mode" });
  const early = { window: { from: "10:00", to: "11:00" } };
  expect(stance("/etc/a", { exceptions: [], fleet: early }, at)).toMatchObject({
    kind: "report",
    by: "head",
  });
});

test("a new order counts at once, though globs are compiled once", () => {
  const stance = createStance(plain);
  expect(stance("/etc/a", unsigned, at).kind).toBe("revert");
  expect(stance("/etc/a", { exceptions: [exception("/etc/a")], fleet: undefined }, at).kind).toBe("report");
  expect(stance("/etc/a", unsigned, at).kind).toBe("revert");
});

test("the dearest glob that is taken costs little on the dearest name", () => {
  const stance = createStance({ ...plain, rules: [rule("/etc/*a*a*b", "ignore")] });
  const path = `/etc/${"a".repeat(255)}`;
  const before = performance.now();
  expect(stance(path, unsigned, at).kind).toBe("revert");
  expect(performance.now() - before).toBeLessThan(1000);
});
