import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { expect, test } from "vitest";
import { Step } from "./reconcile/journal.ts";
import { a, panicOf } from "./reconcile/model/machine-model.ts";
import { at } from "./reconcile/model/play-machine.ts";
import { saveJournal } from "./save-journal.ts";

const lines: string[] = [];
const log = createLog({ fields: {}, write: (line) => lines.push(line) });
const refuse = () => {
  throw new ChimeraError("file-unreadable", "no space");
};

const bug = () => {
  throw new TypeError("a bug");
};

test("the way back goes on when it cannot be written down, and says so", () => {
  saveJournal(at("reverting"), refuse, log);
  expect(lines.join("")).toContain("way back could not be written down");
});

test("nor is a panic held up by a full disk, at any of its steps", () => {
  for (const step of ["accepted", "staged", "activating", "committing"] as const) {
    expect(() =>
      saveJournal(at(step, { order: panicOf(1, a).order, toplevel: a }), refuse, log),
    ).not.toThrow();
  }
});

for (const step of Step.options.filter((one) => one !== "reverting")) {
  test(`nothing is done in ${step} that is not on disk`, () => {
    expect(() => saveJournal(at(step), refuse, log)).toThrow("no space");
  });
}

test("a bug is never taken for a full disk", () => {
  expect(() => saveJournal(at("reverting"), bug, log)).toThrow("a bug");
});
