/** Clocks that jump, beside windows and signed exceptions: what ends by them counts again when they are right again. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import { afterEach, expect, test, vi } from "vitest";
import { base } from "../desired/desired-fixture.ts";
import { createPolicy } from "./drift-policy.ts";

const dayMs = 86_400_000;
const noon = Date.parse("2026-11-23T12:00:00.000Z");
const iso = (ms: number): string => new Date(ms).toISOString();
const config = { mode: "revert" as const, rules: [], ignore: [] };

afterEach(() => vi.useRealTimers());

function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(ms);
}

function trustOf(until: string): TrustState {
  const exception = {
    glob: "/etc/motd",
    until,
    createdAt: iso(noon),
    author: "ann",
    reason: "measuring",
    ended: false,
  };
  return { ...base, clockFloor: iso(noon), driftExceptions: [exception] };
}

test("an exception ends by a clock that is 31 days ahead, and counts again when the clock is right", () => {
  const trust = trustOf(iso(noon + 7_200_000));
  const stance = createPolicy(config, () => trust);
  const kinds = [noon, noon + 31 * dayMs, noon + 1000].map((ms) => {
    setClock(ms);
    return stance("/etc/motd").kind;
  });
  expect(kinds).toEqual(["report", "revert", "report"]);
});

test("a clock that was set back makes no exception longer than the newest signed word allows", () => {
  const ended = trustOf(iso(noon - 1));
  setClock(noon - 3_600_000);
  expect(createPolicy(config, () => ended)("/etc/motd").kind).toBe("revert");
  const running = trustOf(iso(noon + 1000));
  expect(createPolicy(config, () => running)("/etc/motd").kind).toBe("report");
});

test("a window is by the hour of the clock, but never by one before the newest signed word", () => {
  const trust = trustOf(iso(noon - 1));
  const windowed = { ...config, window: { from: "11:30", to: "12:30" } };
  const stance = createPolicy(windowed, () => trust);
  const kinds = [noon, noon - 3_600_000, noon + 3_600_000, noon + 31 * dayMs].map((ms) => {
    setClock(ms);
    return stance("/etc/motd").kind;
  });
  expect(kinds).toEqual(["revert", "revert", "report", "revert"]);
});
