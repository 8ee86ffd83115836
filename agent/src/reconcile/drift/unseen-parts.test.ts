import { expect, test } from "vitest";
import { unseenParts } from "./unseen-parts.ts";

const settings = { mode: "revert", classes: {}, store: { mode: "report" } } as const;
const ours = { compared: "/nix/store/ours", running: "/nix/store/ours" };

test("by default everything is looked at", () => {
  expect(unseenParts(settings, ours)).toEqual([]);
  expect(unseenParts({ ...settings, mode: "report" }, { ...ours, running: null })).toEqual([]);
});

test("what is ignored is named, with the setting that says so", () => {
  expect(unseenParts({ ...settings, classes: { units: "ignore" } }, ours)).toEqual([
    "overrides of units: drift.classes.units is ignore",
  ]);
  const all = unseenParts({ ...settings, mode: "ignore", classes: { kernel: "report" } }, ours);
  expect(all).toHaveLength(6);
  expect(all[0]).toBe("/etc: drift.mode is ignore");
});

test("so is a system of which nothing is known here", () => {
  expect(unseenParts(settings, { compared: null, running: null })).toEqual([
    expect.stringContaining("no system"),
  ]);
  expect(unseenParts(settings, { ...ours, running: "/nix/store/theirs" })).toEqual([
    expect.stringContaining("/nix/store/theirs runs"),
  ]);
});
