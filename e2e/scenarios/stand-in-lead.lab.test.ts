/** A fleet none of whose nodes may lead: the controller's machine does, with the keys of nobody. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { standInName, startStandIn } from "../fleet/stand-in.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2"];
const inWaves = ["--waves", "n2,rest"];
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length, standIn: true });
});
afterAll(() => downUnlessInUse());

async function expectOn(label: string): Promise<void> {
  for (const node of everybody) {
    const { current, profile, bootDefault } = await pointersOf(fleet.lab.host(node));
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

const rolloutStatus = async () => (await operatorOf(fleet.lab).run(["rollout", "status"])).stdout;

test("nobody goes while nobody leads; then the stand-in lets them go, wave by wave", async () => {
  const { code, stderr } = await deployWorld(fleet, "one", { args: [...inWaves, "--no-follow"] });
  expect(code, stderr).toBe(0);
  await waitView(fleet, "n1", ({ status }) => status?.state === "staged");
  await waitView(fleet, "n2", ({ status }) => status?.state === "staged");
  await startStandIn(fleet.lab.host("hub"));
  await waitUntil("the end", async () => /committed/u.test(await rolloutStatus()), {
    timeoutMs: 120_000,
    everyMs: 500,
  });
  await expectOn("one");
  expect(await rolloutStatus()).toContain(standInName);
});

test("it takes a fleet back whose canary fails, and what an operator signs counts with it", async () => {
  const version = fleet.versions.first;
  const sick = fleet.node("n2", { label: "sick", version, changes: { fault: "fail-unit" } });
  const folder = await fleet.stageWorld("sick", {
    n1: fleet.node("n1", { label: "sick", version }),
    n2: sick,
  });
  const args = ["deploy", "--file", `${folder}/chimera.toml`, ...inWaves, "--probation", "8"];
  const { code, stderr } = await operatorOf(fleet.lab).run(args, { timeoutMs: 300_000 });
  expect(code, stderr).toBe(70);
  expect(stderr).toMatch(new RegExp(`1 failed, 0 may: n2 .*${standInName} leads`));
  await waitView(fleet, "n2", ({ status }) => status?.system.current?.endsWith("-one") === true);
  await expectOn("one");
  const begun = await deployWorld(fleet, "three", {
    args: [...inWaves, "--probation", "15", "--no-follow"],
  });
  expect(begun.code, begun.stderr).toBe(0);
  await waitView(fleet, "n2", ({ status }) => status?.state === "probation");
  const asked = await operatorOf(fleet.lab).run(["rollout", "abort", "--reason", "a look"]);
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^returned: aborted by .*: a look/u);
  await waitView(fleet, "n2", ({ status }) => status?.system.current?.endsWith("-one") === true);
});
