import { expect, test } from "vitest";
import { flag, lastValue, parseUnit } from "./unit-file.ts";

test("keys keep every value in order, drop-ins come last", () => {
  const unit = parseUnit(["[Service]\nExecStart=a\nExecStart=b\n", "[Service]\nExecStart=\nExecStart=c\n"]);
  expect(unit.get("Service")?.get("ExecStart")).toEqual(["a", "b", "", "c"]);
  expect(lastValue(unit, "Service", "ExecStart")).toBe("c");
});

test("comments, blank lines and text before the first section are no settings", () => {
  const unit = parseUnit(["Stray=1\n# [Unit]\n; x=y\n\n[Unit]\nDescription = a = b \nnonsense\n=empty\n"]);
  expect([...unit.keys()]).toEqual(["Unit"]);
  expect(unit.get("Unit")).toEqual(new Map([["Description", ["a = b"]]]));
});

test("a backslash joins lines, across comments too, and at the end of the file", () => {
  const unit = parseUnit(["[Service]\nExecStart=/bin/a \\\n# note\n  --b\nEnvironment=X \\"]);
  expect(lastValue(unit, "Service", "ExecStart")).toBe("/bin/a  --b");
  expect(lastValue(unit, "Service", "Environment")).toBe("X");
});

test("flags read systemd's words and take nonsense for absent", () => {
  const unit = parseUnit(["[Unit]\nA=yes\nB=FALSE\nC=maybe\nD=no\nD=on\n"]);
  expect(["A", "B", "C", "D", "E"].map((key) => flag(unit, "Unit", key))).toEqual([
    true,
    false,
    undefined,
    true,
    undefined,
  ]);
});
