import { expect, test } from "vitest";
import { a, b } from "./model/machine-model.ts";
import { at } from "./model/play-machine.ts";
import { needsOf } from "./needs.ts";

test("only the steps that need processes ask for them", () => {
  const nothing = {
    unit: null,
    units: false,
    preflightTo: null,
    contact: false,
    deadMan: null,
    bootEntryOf: null,
    switchLock: false,
    switching: false,
    declaredBy: null,
    specialisationsOf: null,
    checks: null,
  };
  expect(needsOf(null)).toEqual(nothing);
  expect(needsOf(at("committed"))).toMatchObject({
    ...nothing,
    specialisationsOf: b,
    checks: { checks: [] },
  });
  expect(needsOf(at("reverted"))).toEqual({ ...nothing, specialisationsOf: a });
  expect(needsOf(at("staged"))).toMatchObject({ units: true, preflightTo: b, declaredBy: b });
});
