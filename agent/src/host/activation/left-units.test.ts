import { expect, test } from "vitest";
import { endedUnits } from "./left-units.ts";

test("only units that have ended are collected, however they ended", () => {
  const listing = [
    "chimera-activate-3.service      loaded active exited  [systemd-run] switch-to-configuration test",
    "chimera-boot-3-2.service        loaded failed failed  [systemd-run] switch-to-configuration boot",
    "chimera-activate-4.service      loaded active running [systemd-run] switch-to-configuration test",
    "chimera-entry-4.service         loaded deactivating stop-sigterm [systemd-run]",
    "chimera-boot-4.service          not-found inactive dead chimera-boot-4.service",
    "",
  ].join("\n");
  expect(endedUnits(listing)).toEqual(["chimera-activate-3", "chimera-boot-3-2"]);
  expect(endedUnits("")).toEqual([]);
});
