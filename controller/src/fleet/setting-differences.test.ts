import { expect, test } from "vitest";
import { settingDifferences } from "./setting-differences.ts";

test("names each wanted setting that differs, and none that is only found", () => {
  const wanted = { storage: "file", subjects: ["a.>"], max_bytes: 10 };
  expect(settingDifferences(wanted, { ...wanted, extra: 1 })).toEqual([]);
  expect(settingDifferences(wanted, { storage: "memory", subjects: ["a.>"] })).toEqual([
    { setting: "storage", wanted: "file", found: "memory" },
    { setting: "max_bytes", wanted: 10, found: null },
  ]);
});
