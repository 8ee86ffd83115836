import { expect, test } from "vitest";
import { judgeEnd, signalName } from "./judge-end.ts";

const noLimit = { timeoutMs: null };
const at = Date.parse("2026-11-30T12:00:00.000Z");
const run = { result: "success", execMainCode: 1, execMainStatus: 0, endedMs: at };

test("a code is a code", () => {
  expect(judgeEnd(noLimit, { ...run, execMainStatus: 7 })).toEqual({
    state: "ended",
    endedAt: "2026-11-30T12:00:00.000Z",
    exitCode: 7,
    signal: null,
    note: null,
  });
});

test("a signal has its name, also where a core was dumped", () => {
  expect(judgeEnd(noLimit, { ...run, execMainCode: 2, execMainStatus: 9 })).toMatchObject({
    exitCode: null,
    signal: "SIGKILL",
  });
  expect(judgeEnd(noLimit, { ...run, execMainCode: 3, execMainStatus: 11 })).toMatchObject({
    signal: "SIGSEGV",
  });
  expect([1, 15, 31, 34, 64].map(signalName)).toEqual(["SIGHUP", "SIGTERM", "SIGSYS", "SIG34", "SIG64"]);
});

test("what its time limit ended says so, and what took long to stop without one does not", () => {
  const timeout = { ...run, result: "timeout", execMainCode: 2, execMainStatus: 15 };
  expect(judgeEnd({ timeoutMs: 3000 }, timeout).note).toContain("3000 ms");
  expect(judgeEnd(noLimit, timeout).note).toBeNull();
});

test("what systemd could not begin is told in words beside its code", () => {
  expect(judgeEnd(noLimit, { ...run, execMainStatus: 217 })).toMatchObject({
    exitCode: 217,
    note: expect.stringContaining("user"),
  });
});

test("where systemd knows of no process nobody knows how it ended", () => {
  const end = judgeEnd(noLimit, { ...run, result: "resources", execMainCode: 0, endedMs: 0 });
  expect(end).toMatchObject({ state: "lost", endedAt: null, note: expect.stringContaining("resources") });
});
