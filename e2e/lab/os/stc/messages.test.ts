import { expect, test } from "vitest";
import { unitLine, unitNames } from "./messages.ts";

test("names are sorted without regard to case", () => {
  expect(unitNames(["b.service", "A.service", "a.service", "C.service"])).toBe(
    "A.service, a.service, b.service, C.service",
  );
});

test("no units, no line", () => {
  expect(unitLine("stopping the following units", [])).toEqual([]);
  expect(unitLine("stopping the following units", new Set(["a"]))).toEqual([
    "stopping the following units: a",
  ]);
});
