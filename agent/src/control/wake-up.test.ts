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
