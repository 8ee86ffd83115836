import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWakeUp } from "./wake-up.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("looks at once, and once more for what was not stored yet", () => {
  const look = vi.fn();
  const { wake } = createWakeUp(look);
  wake();
  wake();
  expect(look).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(60_000);
  expect(look).toHaveBeenCalledTimes(3);
});

test("looks at nothing after it was stopped", () => {
  const look = vi.fn();
  const { wake, stop } = createWakeUp(look);
  wake();
  stop();
  vi.advanceTimersByTime(60_000);
  expect(look).toHaveBeenCalledTimes(1);
});

test("after what was judged as it came it looks once within five seconds, however often that comes", () => {
  const look = vi.fn();
  const { wakeLater } = createWakeUp(look);
  for (let i = 0; i < 50; i += 1) {
    wakeLater();
    vi.advanceTimersByTime(100);
  }
  expect(look).toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(look.mock.calls.length).toBeLessThanOrEqual(5);
});
