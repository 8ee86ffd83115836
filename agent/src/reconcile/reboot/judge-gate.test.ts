import { expect, test } from "vitest";
import { judgeGate } from "./judge-gate.ts";
import { Step } from "../journal.ts";
import { a, b } from "../model/machine-model.ts";
import { at } from "../model/play-machine.ts";

const boot = { bootId: "boot-1", current: b };

test("a boot that nobody ordered is complete at once", () => {
  expect(judgeGate(null, boot).kind).toBe("open");
  expect(judgeGate(at("reverted"), { ...boot, current: a }).kind).toBe("open");
});

test("a system that was booted to prove itself counts when it is committed, and not before", () => {
  for (const step of ["rebooting", "arming", "probation"] as const) {
    expect(judgeGate(at(step), boot).kind).toBe("wait");
  }
  expect(judgeGate(at("committing"), boot).kind).toBe("open");
  expect(judgeGate(at("committed"), boot).kind).toBe("open");
});

test("one that is being left does not count; what an earlier boot left behind is waited for", () => {
  for (const step of ["reverting", "falling-back", "stuck"] as const) {
    expect(judgeGate(at(step), boot).kind).toBe("shut");
    expect(judgeGate(at(step, { bootId: "boot-0" }), boot).kind).toBe("wait");
  }
});

test("a system that was proven before opens it, whatever is under way with it", () => {
  for (const step of Step.options) {
    expect(judgeGate(at(step, { lastCommitted: b }), boot).kind, step).toBe("open");
  }
});

test("every step has an answer", () => {
  for (const step of Step.options) expect(judgeGate(at(step), boot).kind).toMatch(/open|shut|wait/);
});
