import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-code.ts";

test.each([
  [{ exitCode: 0, signal: null }, 0],
  [{ exitCode: 7, signal: null }, 7],
  [{ exitCode: null, signal: "SIGKILL" }, 137],
  // As systemd's agent names one that has no name of its own.
  [{ exitCode: null, signal: "SIG34" }, 162],
  [{ exitCode: null, signal: "SIG64" }, 192],
  [{ exitCode: null, signal: "SIG65" }, null],
  [{ exitCode: null, signal: "SIGNOTHING" }, null],
  [{ exitCode: null, signal: null }, null],
])("%o is %s", (facts, code) => {
  expect(exitCodeOf(facts)).toBe(code);
});
