/** A rollout is over: nodes that were away come along, too late for its consent or after its record was lost, and nobody builds on what failed. */
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { BackReceipts } from "@chimera/proto/rollout/back-receipts";
import { keys } from "@chimera/proto/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { pointersOf, waitFailed, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf, type Operator } from "../fleet/operator.ts";
import { openRawStore, type RawStore } from "../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { HostRunResult } from "../lab/host/host-run.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2", "n3", "n4"];
/** The agent, and who would start it again. */
const agentUnits = ["chimera-sentinel.service", "chimera-watchdog.timer"];
let fleet: Fleet;
let operator: Operator;
let store: RawStore;

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length, leads: ["n1", "n2"], probationSeconds: 5 });
  operator = operatorOf(fleet.lab);
  store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  const { code, stderr } = await deploy("a");
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await store.close();
  await downUnlessInUse();
});

async function deploy(label: string, ...args: string[]): Promise<HostRunResult> {
  const version = fleet.versions.first;
  const specs = everybody.map((node) => [node, fleet.node(node, { label, version })] as const);
  const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
  return operator.run(["deploy", "--file", `${folder}/chimera.toml`, ...args], { timeoutMs: 300_000 });
}

async function expectOn(label: string, nodes = everybody): Promise<void> {
  for (const node of nodes) {
    const { current, profile, bootDefault } = await pointersOf(fleet.lab.host(node));
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

async function waitCommitted(node: string, label: string): Promise<void> {
  await waitView(fleet, node, ({ status }) => {
    return status?.state === "committed" && status.system.current?.endsWith(`-${label}`) === true;
  });
}

const Status = z.object({ record: RolloutRecord.nullable() });

async function waitRecord(what: string, condition: (record: RolloutRecord | null) => boolean) {
  const look = async () => {
    const { record } = Status.parse(JSON.parse(await operator.ok(["rollout", "status", "--json"])));
    return condition(record) && { record };
  };
  return (await waitUntil(what, look, { timeoutMs: 120_000, everyMs: 500 })).record;
}

/** As if nobody had ever led it. */
async function loseTheRecord(): Promise<void> {
  const { fleetId } = fleet.facts;
  await store.erase(keys.waveReceipts(fleetId, "*"));
  await store.erase(keys.desired("rollout", fleetId));
}

const Effective = z.object({ effective: z.object({ kind: z.string(), world: z.string() }) });

/** n3 commits the label, goes down, and the rest of the fleet goes back. Resolves when the consent is over. */
async function backWithoutCanary(label: string): Promise<void> {
  const { code, stderr } = await deploy(label, "--waves", "n3,rest", "--consent", "3m", "--no-follow");
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/it goes back by itself, should it fail by \S+Z/);
  const endsMs = Date.parse(/should it fail by (\S+Z)/.exec(stderr)?.[1] ?? "");
  await waitRecord("the canary may go", (record) => record?.phase === "waves");
  await operator.ok(["rollout", "pause", "--reason", "a look"]);
  await waitCommitted("n3", label);
  await fleet.lab.host("n3").powerCut();
  const asked = await operator.run(["rollout", "abort", "--reason", "changed my mind"]);
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^returned: /);
  await new Promise((done) => setTimeout(done, Math.max(0, endsMs - Date.now()) + 2_000));
}

test("a canary that had committed, and was off when the fleet went back, goes back when it returns after the consent's end", async () => {
  await backWithoutCanary("b");
  await expectOn("a", ["n1", "n2", "n4"]);
  const [away] = await waitFailed(fleet, ["n3"]);
  expect(away?.status?.system.current).toMatch(/-b$/);
  expect(await operator.ok(["rollout", "status"])).toMatch(/1 not back: n3; /);
  const laid = await store.read(keys.waveReceipts(fleet.facts.fleetId, "back"));
  expect(BackReceipts.parse(laid).receipts).toHaveLength(2);
  await fleet.lab.host("n3").boot();
  await waitCommitted("n3", "a");
  await waitFailed(fleet, []);
  await expectOn("a");
});

test("the store loses the record of a fleet that went back: nobody builds on what failed, and a lead puts it back", async () => {
  const returned = await waitRecord("the return", (record) => record?.phase === "returned");
  const leads = ["n1", "n2"].map((name) => fleet.lab.host(name));
  // While nobody may put it back, what the nodes sign is all there is.
  for (const lead of leads) await lead.runChecked(["systemctl", "stop", ...agentUnits]);
  await loseTheRecord();
  const { effective } = Effective.parse(JSON.parse(await operator.ok(["status", "--json"])));
  expect(effective.kind).toBe("returned");
  const planned = await operator.run(["rollback", "--to", "current", "--dry-run"]);
  expect(planned.code, planned.stderr).toBe(0);
  expect(planned.stderr).toContain("the nodes have signed that it failed");
  expect(planned.stdout).not.toMatch(/-b\b/);
  for (const lead of leads) await lead.runChecked(["systemctl", "start", ...agentUnits]);
  const again = await waitRecord("the record again", (record) => record !== null);
  expect(again).toMatchObject({ phase: "returned", at: returned?.at });
  await waitFailed(fleet, []);
  await expectOn("a");
});

test("without any lead nodes go after the deadline, where the head says so, and whoever leads later ends it", async () => {
  const leads = ["n1", "n2"].map((name) => fleet.lab.host(name));
  for (const lead of leads) await lead.powerCut();
  const late = ["--waves", "n3,rest", "--deadline", "20s", "--on-deadline", "proceed", "--no-follow"];
  const { code, stderr } = await deploy("d", ...late);
  expect(code, stderr).toBe(0);
  for (const node of ["n3", "n4"]) await waitCommitted(node, "d");
  expect(Status.parse(JSON.parse(await operator.ok(["rollout", "status", "--json"]))).record).toBeNull();
  for (const lead of leads) await lead.boot();
  for (const node of ["n1", "n2"]) await waitCommitted(node, "d");
  await waitRecord("its end", (record) => record?.phase === "committed");
  await waitFailed(fleet, []);
  await expectOn("d");
});

test("a node that was away for the whole rollout comes along after its record was lost", async () => {
  const n4 = fleet.lab.host("n4");
  await n4.powerCut();
  const { code, stderr } = await deploy("c", "--waves", "n3,rest");
  expect(code, stderr).toBe(0);
  await waitRecord("its end", (record) => record?.phase === "committed");
  await loseTheRecord();
  await n4.boot();
  await waitRecord("the record again", (record) => record?.phase === "committed");
  await waitCommitted("n4", "c");
  await waitFailed(fleet, []);
  await expectOn("c");
});
