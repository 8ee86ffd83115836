import { Digest } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { unitArguments } from "./rollout-session.ts";

test("the lead's program is a unit that no switch and no lost terminal ends, and that comes back after a failure", () => {
  const session = {
    head: Digest.parse("b".repeat(64)),
    epoch: 1,
    serial: 7,
    program: "/nix/store/x/lib/agent.mjs",
    configFile: "/etc/chimera/agent.json",
    stateDir: "/var/lib/chimera",
    runtimeDir: "/run/chimera",
  };
  const found = unitArguments(session, "/var/lib/chimera/log/rollout-1-7.log");
  expect(found).toEqual(
    expect.arrayContaining([
      "--unit=chimera-rollout-1-7.service",
      "--property=Restart=on-failure",
      "--property=StartLimitIntervalSec=0",
      "--property=StandardOutput=append:/var/lib/chimera/log/rollout-1-7.log",
    ]),
  );
  expect(found.slice(found.indexOf("--"))).toEqual([
    "--",
    process.execPath,
    "/nix/store/x/lib/agent.mjs",
    "lead",
    "--order",
    "b".repeat(64),
    "--config",
    "/etc/chimera/agent.json",
  ]);
});
