/** A fleet none of whose nodes may lead: the controller's machine does, with the keys of nobody. */
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { keys } from "@chimera/proto/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { openRawStore } from "../fleet/raw-store.ts";
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

const Status = z.object({ record: RolloutRecord.nullable() });

async function waitPhase(phase: RolloutRecord["phase"]): Promise<RolloutRecord> {
  const look = async () => {
    const { stdout } = await operatorOf(fleet.lab).run(["rollout", "status", "--json"]);
    const { record } = stdout === "" ? { record: null } : Status.parse(JSON.parse(stdout));
    return record?.phase === phase && record;
  };
  return waitUntil(phase, look, { timeoutMs: 150_000, everyMs: 500 });
}

test("nobody goes while nobody leads; then the stand-in lets them go, wave by wave", async () => {
  const { code, stderr } = await deployWorld(fleet, "one", { args: [...inWaves, "--no-follow"] });
  expect(code, stderr).toBe(0);
  for (const node of everybody) await waitView(fleet, node, ({ status }) => status?.state === "staged");
  await startStandIn(fleet.lab.host("hub"));
  expect(await waitPhase("committed")).toMatchObject({ lead: standInName, lease: 1 });
  await expectOn("one");
});

const Told = z.object({
  node: z.string().nullable(),
  by: z.string(),
  data: z.object({ phase: z.string(), released: z.object({ wave: z.int() }).nullish() }),
});

/** What the timeline has of rollouts, oldest first, once it ends with that phase. */
async function waitTold(phase: RolloutRecord["phase"]): Promise<z.infer<typeof Told>[]> {
  const look = async () => {
    const said = await operatorOf(fleet.lab).ok(["timeline", "--kind", "rollout", "--since", "1h", "--json"]);
    const told = said.split("\n").flatMap((line) => (line === "" ? [] : [Told.parse(JSON.parse(line))]));
    return told.at(-1)?.data.phase === phase && told;
  };
  return waitUntil(`the timeline ends with ${phase}`, look, { timeoutMs: 30_000, everyMs: 500 });
}

async function waitSaid(line: string): Promise<void> {
  const argv = ["journalctl", "-u", "chimera-stand-in", "-o", "cat", "--no-pager"];
  const look = async () => (await fleet.lab.host("hub").runChecked(argv)).includes(line);
  await waitUntil(`the stand-in says "${line}"`, look, { timeoutMs: 30_000, everyMs: 500 });
}

test("the timeline tells what it led from begin to end, also where the store has lost its record", async () => {
  const kept = await waitTold("committed");
  // One that still leads would begin anew.
  await waitSaid("head 1: committed");
  const store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  await store.erase(keys.desired("rollout", fleet.facts.fleetId));
  await store.close();
  const told = await waitTold("committed");
  expect(told.map(({ data }) => data)).toMatchObject(
    kept.map(({ data: { phase, released = null } }) => ({ phase, released })),
  );
  expect(told[0]?.data.phase).toBe("staging");
  expect(told.map(({ data }) => data.released?.wave)).toEqual(expect.arrayContaining([0, 1]));
  for (const { node, by } of told) expect([node, by]).toEqual([standInName, `lead ${standInName}, lease 1`]);
  const people = await operatorOf(fleet.lab).ok(["timeline", "--kind", "rollout", "--node", standInName]);
  expect(people).toMatch(/ stand-in +rollout +committed head 0\.1 /u);
});

test("what an operator signs counts with it: it takes back a fleet whose canary has begun", async () => {
  const begun = await deployWorld(fleet, "two", { args: [...inWaves, "--probation", "20", "--no-follow"] });
  expect(begun.code, begun.stderr).toBe(0);
  await waitView(fleet, "n2", ({ status }) => status?.state === "probation");
  const asked = await operatorOf(fleet.lab).run(["rollout", "abort", "--reason", "a look"]);
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^returned: aborted by .*: a look/u);
  await waitView(fleet, "n2", ({ status }) => status?.system.current?.endsWith("-one") === true);
  await waitView(fleet, "n2", ({ status }) => status?.state === "committed");
  await expectOn("one");
  const told = await waitTold("returned");
  expect(told.at(-1)?.by).toContain(`lead ${standInName}, `);
});
