import type { AuditRefusal } from "@chimera/proto/audit/audit-entry";
import { expect, test } from "vitest";
import { createRefusalBudget } from "./refusal-budget.ts";

const start = Date.parse("2026-12-01T00:00:00Z");
const minute = 60_000;
const day = 24 * 60 * minute;

function refusal(change: Partial<AuditRefusal> = {}): AuditRefusal {
  const base = { method: "PUT", route: "/v1/head", from: "10.0.0.9", who: { kind: "nobody" as const } };
  return { code: "token-invalid", ...base, ...change };
}

const known = { kind: "token" as const, id: "1f2e3d4c", name: "anna", role: "viewer" };

test("a brute force of a day costs less than 400 entries, and every one of its refusals is counted", () => {
  const budget = createRefusalBudget(start);
  let told = 0;
  let counted = 0;
  let sums = 0;
  const everyMs = 50;
  for (let nowMs = start; nowMs < start + day; nowMs += everyMs) {
    if (budget.take(refusal(), nowMs)) told += 1;
    const sum = budget.due(nowMs);
    if (sum === null) continue;
    sums += 1;
    counted += sum.count;
  }
  counted += budget.rest()?.count ?? 0;
  expect(told + counted).toBe(day / everyMs);
  expect(told + sums).toBeLessThan(400);
  expect(told).toBeGreaterThan(32);
});

test("strangers cannot use up what those with a token have", () => {
  const budget = createRefusalBudget(start);
  for (let i = 0; i < 1000; i += 1) budget.take(refusal(), start);
  expect(budget.take(refusal({ who: known, code: "role-forbidden" }), start)).toBe(true);
  expect(budget.take(refusal(), start)).toBe(false);
});

test("a sum names each code and the addresses that sent most, however many there were", () => {
  const budget = createRefusalBudget(start);
  for (let i = 0; i < 32; i += 1) expect(budget.take(refusal(), start)).toBe(true);
  for (let i = 0; i < 5000; i += 1) budget.take(refusal({ from: `10.0.${i >> 8}.${i & 255}` }), start);
  for (let i = 0; i < 7; i += 1) budget.take(refusal({ code: "signature-invalid", from: "10.0.0.1" }), start);
  expect(budget.due(start + 9 * minute)).toBeNull();
  const sum = budget.due(start + 10 * minute);
  expect(sum).toMatchObject({
    sinceMs: start,
    count: 5007,
    codes: [
      { code: "token-invalid", count: 5000 },
      { code: "signature-invalid", count: 7 },
    ],
  });
  expect(sum?.from).toHaveLength(16);
  expect(sum?.from[0]).toEqual({ from: "10.0.0.1", count: 8 });
  expect(budget.rest()).toBeNull();
});

test("a clock that is set back tells nothing twice and gives no more", () => {
  const budget = createRefusalBudget(start);
  for (let i = 0; i < 32; i += 1) budget.take(refusal(), start);
  for (let i = 0; i < 100; i += 1) expect(budget.take(refusal(), start - i * day)).toBe(false);
  expect(budget.take(refusal(), start + 10 * minute)).toBe(true);
  expect(budget.take(refusal(), start + 10 * minute)).toBe(false);
});
