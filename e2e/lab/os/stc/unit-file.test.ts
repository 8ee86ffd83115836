import { expect, test } from "vitest";
import { flag, lastValue, parseUnit } from "./unit-file.ts";

test("keys keep every value in order, drop-ins come last, and an empty value forgets the others", () => {
  const own = "[Service]\nExecStart=a\nExecStart=b\n";
  expect(parseUnit([own, "[Service]\nExecStart=c\n"]).get("Service")?.get("ExecStart")).toEqual([
    "a",
    "b",
    "c",
  ]);
  const unit = parseUnit([own, "[Service]\nExecStart=\nExecStart=c\n"]);
  expect(unit.get("Service")?.get("ExecStart")).toEqual(["c"]);
  expect(lastValue(unit, "Service", "ExecStart")).toBe("c");
});

test("the quotes that a value begins with are dropped", () => {
  const unit = parseUnit(['[Service]\nA="x y" z\nB=\'x\'\nC=x "y"\nD="x\n']);
  expect(["A", "B", "C", "D"].map((key) => lastValue(unit, "Service", key))).toEqual([
    "x y z",
    "x",
    'x "y"',
    '"x',
  ]);
});

test("comments, blank lines and text before the first section are no settings", () => {
  const unit = parseUnit(["Stray=1\n# [Unit]\n; x=y\n\n[Unit]\nDescription = a = b \nnonsense\n=empty\n"]);
  expect([...unit.keys()]).toEqual(["Unit"]);
  expect(unit.get("Unit")).toEqual(new Map([["Description", ["a = b"]]]));
});

test("a backslash joins lines, across comments too, and spaces stay as they are", () => {
  const unit = parseUnit(["[Service]\nExecStart=/bin/a \\\n# note\n  --b\nEnvironment=X \\"]);
  expect(lastValue(unit, "Service", "ExecStart")).toBe("/bin/a   --b");
  expect(lastValue(unit, "Service", "Environment")).toBe("X");
});

test("four words are true, every other one is false, and no word at all is neither", () => {
  const unit = parseUnit(["[Unit]\nA=yes\nB=True\nC=maybe\nD=no\nD=on\n"]);
  expect(["A", "B", "C", "D", "E"].map((key) => flag(unit, "Unit", key))).toEqual([
    true,
    false,
    false,
    true,
    undefined,
  ]);
});
