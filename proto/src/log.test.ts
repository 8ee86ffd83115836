import { expect, test } from "vitest";
import { ChimeraError } from "./errors.ts";
import { createLog } from "./log.ts";

function capture(journal: boolean) {
  const lines: string[] = [];
  return { lines, log: createLog({ fields: { node: "web-1" }, write: (line) => lines.push(line), journal }) };
}

test("names every cause once, with the code, under the fields of its parents", () => {
  const { lines, log } = capture(false);
  const cause = new Error("connect ECONNREFUSED");
  const error = new ChimeraError("closure-unavailable", "copy closure", { cause });
  log.child({ component: "nix" }).error({ error }, "pass failed");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "error",
    msg: "pass failed",
    node: "web-1",
    component: "nix",
    error: "copy closure: connect ECONNREFUSED",
    code: "closure-unavailable",
  });
});

test("begins each line with its journald priority where the journal reads", () => {
  const { lines, log } = capture(true);
  log.error({}, "a");
  log.warn({}, "b");
  log.info({}, "c");
  expect(lines.map((line) => line.slice(0, 4))).toEqual(["<3>{", "<4>{", "<6>{"]);
});

test("keeps terminal bytes of others harmless", () => {
  const { lines, log } = capture(false);
  log.info({ path: "/etc/\u001b]0;x\u0007\nfake" }, "drift found");
  for (const byte of ["\u001b", "\u0007"]) expect(lines.join("")).not.toContain(byte);
  expect(lines.join("").trimEnd().split("\n")).toHaveLength(1);
});
