import { HealthCheck, type CheckResult } from "@chimera/proto/health-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { b, c, clear, desired, observed } from "./model/machine-model.ts";
import { at } from "./model/play-machine.ts";
import { needsOf } from "./needs.ts";
import { OrderPolicy } from "./order-policy.ts";

const web = HealthCheck.parse({ kind: "tcp", name: "web", host: "localhost", port: 80, failures: 3 });
const policy = OrderPolicy.parse({ afterCommit: "revert-node", checks: [web] });
const system = { current: b, booted: b, profile: b, bootDefault: b };
const failed: CheckResult = {
  name: "web",
  kind: "tcp",
  passesInRow: 0,
  failuresInRow: 3,
  runs: 3,
  message: "connection refused",
  at: "2026-11-23T12:00:00.000Z",
};
const begun = decide(observed({ system }), at("committed", { lastCommitted: b, policy }), desired(2, c)).plan
  ?.journal;
if (begun === undefined) throw new Error("nothing begun");
const waiting = { ...begun, step: "staged-for-reboot" as const, rebootReasons: ["another kernel"] };
const sick = observed({ system, preflight: clear, checks: [failed] });

test("a system whose successor waits for a restart is still looked after, and only spoken of", () => {
  expect(needsOf(waiting).checks).toMatchObject({ checks: [web] });
  const { plan } = decide(sick, waiting, desired(2, c));
  expect(plan).toMatchObject({ journal: { step: "staged-for-reboot", unhealthy: "web" }, action: null });
  const data = { toplevel: b, check: "web", message: "connection refused", action: "alarm" };
  expect(plan?.events).toEqual([{ type: "unhealthy", data }]);
  expect(decide(sick, plan?.journal ?? null, desired(2, c)).plan).toBeNull();
});

test("what runs instead of it is not judged by its checks", () => {
  const other = { ...sick, system: { ...system, current: c } };
  expect(decide(other, { ...waiting, step: "refused" }, desired(2, c)).plan).toBeNull();
  expect(needsOf({ ...waiting, step: "activating" }).checks).toBeNull();
});
