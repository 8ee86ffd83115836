/** A fleet that moves in waves, led from a node: canaries, receipts, failures, leads that die, and what an operator asks. */
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { pointersOf, waitFailed, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { HostRunResult } from "../lab/host/host-run.ts";
import type { Fault } from "../lab/os/system-spec.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2", "n3", "n4"];
const leads = ["n1", "n2"];
let fleet: Fleet;
let count = 0;
/** What every node runs before each test. */
let before: string;

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length, leads, probationSeconds: 5 });
});
beforeEach(async () => {
  before = nextLabel();
  const { code, stderr } = await deploy(before);
  if (code !== 0) throw new Error(`the deployment before the test: ${stderr}`);
});
afterAll(() => downUnlessInUse());

function nextLabel(): string {
  count += 1;
  return `w${count}`;
}

/** Builds and deploys a world; some nodes get a faulty system. */
async function deploy(
  label: string,
  { args = [], faults = {} }: { args?: readonly string[]; faults?: Record<string, Fault> } = {},
): Promise<HostRunResult> {
  const version = fleet.versions.first;
  const specs = everybody.map((node) => {
    const fault = faults[node];
    return [node, fleet.node(node, { label, version, ...(fault && { changes: { fault } }) })] as const;
  });
  const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
  return operatorOf(fleet.lab).run(["deploy", "--file", `${folder}/chimera.toml`, ...args], {
    timeoutMs: 300_000,
  });
}

async function expectOn(label: string, nodes = everybody): Promise<void> {
  for (const node of nodes) {
    const { current, profile, bootDefault } = await pointersOf(fleet.lab.host(node));
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

const Status = z.object({ record: RolloutRecord.nullable(), waves: z.array(z.object({ size: z.int() })) });

async function record(): Promise<RolloutRecord | null> {
  const { stdout } = await operatorOf(fleet.lab).run(["rollout", "status", "--json"]);
  return stdout === "" ? null : Status.parse(JSON.parse(stdout)).record;
}

async function waitRecord(
  what: string,
  condition: (record: RolloutRecord) => boolean,
  timeoutMs = 90_000,
): Promise<RolloutRecord> {
  let last: RolloutRecord | null = null;
  try {
    return await waitUntil(
      what,
      async () => {
        last = await record();
        return last !== null && condition(last) && last;
      },
      { timeoutMs, everyMs: 300 },
    );
  } catch (cause) {
    throw new Error(`last record: ${JSON.stringify(last)}`, { cause });
  }
}

/** A rollout whose canary, n3, has begun, and which then stands still until somebody asks. */
async function pausedRollout(label: string): Promise<RolloutRecord> {
  const args = ["--waves", "n3,rest", "--probation", "10", "--no-follow"];
  const { code, stderr } = await deploy(label, { args });
  expect(code, stderr).toBe(0);
  await waitRecord("the canary may go", ({ phase }) => phase === "waves");
  const asked = await operatorOf(fleet.lab).run(["rollout", "pause", "--reason", "a look"]);
  expect(asked.code, asked.stderr).toBe(0);
  return waitRecord("a pause", ({ phase }) => phase === "paused");
}

const Sessions = z.object({
  sessions: z.array(
    z.looseObject({ node: z.string(), name: z.string(), state: z.string(), exitCode: z.int().nullable() }),
  ),
});

async function newestSerial(): Promise<number | undefined> {
  const [view] = await operatorOf(fleet.lab).nodes();
  return view?.status?.accepted?.serial;
}

/** The lead's, and that of each node's own way. */
async function waitSessionsOver(lead: string): Promise<void> {
  const serial = await newestSerial();
  const wanted = [`${lead}/rollout-${serial}`, ...everybody.map((node) => `${node}/deploy-${serial}`)];
  await waitUntil(
    "sessions that have ended well",
    async () => {
      const said: unknown = JSON.parse(await operatorOf(fleet.lab).ok(["sessions", "--all", "--json"]));
      const well = Sessions.parse(said)
        .sessions.filter(({ state, exitCode }) => state === "ended" && exitCode === 0)
        .map(({ node, name }) => `${node}/${name}`);
      return wanted.every((one) => well.includes(one));
    },
    { timeoutMs: 30_000, everyMs: 500 },
  );
}

describe("a rollout in waves", () => {
  test("goes canary first, and ends with everybody committed; its session shows it", async () => {
    const label = nextLabel();
    const { code, stdout, stderr } = await deploy(label, { args: ["--waves", "n3,1,rest"] });
    expect(code, stdout + stderr).toBe(0);
    await expectOn(label);
    expect(stderr).toMatch(/rollout waves: wave 1 of 3: 1 of 1 may go \(n[12] leads\)/);
    const { lead } = await waitRecord("its end", ({ phase }) => phase === "committed");
    const log = await fleet.lab
      .host(lead ?? "")
      .runChecked(["sh", "-c", "cat /var/lib/chimera/log/rollout-*.log"]);
    expect(log).toMatch(/wave 3 of 3: 2 of 2 may go/);
    await waitSessionsOver(lead ?? "");
    const seen = await operatorOf(fleet.lab).ok(["logs", `${lead}/rollout-${(await newestSerial()) ?? 0}`]);
    expect(seen).toMatch(/wave 3 of 3: 2 of 2 may go/);
  });

  test("a canary that fails ends it: nobody else has begun, and the canary is back", async () => {
    const label = nextLabel();
    const { code, stderr } = await deploy(label, {
      args: ["--waves", "n3,rest"],
      faults: { n3: "fail-unit" },
    });
    expect(code, stderr).toBe(70);
    expect(stderr).toMatch(/the rollout was undone, nodes go back: 1 failed, 0 may: n3/);
    await waitView(fleet, "n3", ({ status }) => status?.system.current?.endsWith(`-${before}`) === true);
    await expectOn(before);
    const said = await fleet.lab.host("n1").runChecked(["cat", "/var/lib/chimera/journal.json"]);
    expect(said).not.toContain(`-${label}"`);
  });

  test("a failure in a later wave takes back those that had committed", async () => {
    const label = nextLabel();
    const { code, stderr } = await deploy(label, {
      args: ["--waves", "n3,rest"],
      faults: { n4: "fail-unit" },
    });
    expect(code, stderr).toBe(70);
    await waitUntil(
      "the whole fleet is back",
      async () => {
        const views = await operatorOf(fleet.lab).nodes();
        return views.every(({ status }) => status?.system.current?.endsWith(`-${before}`));
      },
      { timeoutMs: 90_000, everyMs: 300 },
    );
    await waitView(fleet, "n3", ({ status }) => status?.state === "committed");
    await expectOn(before);
    await waitFailed(fleet, []);
  });

  test("with --on-failure pause it stops where it is, and an operator goes on over the failure", async () => {
    const label = nextLabel();
    const args = ["--waves", "n3,n4,rest", "--on-failure", "pause", "--proven", "1", "--max-failed", "0"];
    const { code, stderr } = await deploy(label, { args, faults: { n4: "fail-unit" } });
    expect(code, stderr).toBe(70);
    await expectOn(label, ["n3"]);
    await expectOn(before, ["n1", "n2"]);
    const paused = await waitRecord("a pause", ({ phase }) => phase === "paused");
    expect(paused.failed).toMatchObject([{ node: "n4", state: "reverted" }]);
    // Nobody of wave 2 has committed: what the operator allows is the failure, not to go without proof.
    const asked = await operatorOf(fleet.lab).run(["rollout", "resume"]);
    expect(asked.code, asked.stderr).toBe(0);
    const still = await waitRecord("another pause", ({ phase }) => phase === "paused");
    expect(still.reason).toMatch(/wave 2 of 3: 0 of 1 committed, 1 are needed/);
    // Its head consents to no way back by itself: a rollback does it.
    const { stdout } = await operatorOf(fleet.lab).run(["rollout", "abort"]);
    expect(stdout).toMatch(/^paused: aborted by .*; nobody consented to go back/);
    const back = await operatorOf(fleet.lab).run(["rollback"]);
    expect(back.code, back.stderr).toBe(0);
    await expectOn(before);
  });
});

describe("leads", () => {
  test("the one that leads loses power: another goes on within 20 s where it stood", async () => {
    const label = nextLabel();
    const paused = await pausedRollout(label);
    const dead = fleet.lab.host(paused.lead ?? "");
    await dead.powerCut();
    const begun = performance.now();
    const taken = await waitRecord("another lease", ({ lease }) => lease > paused.lease, 60_000);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(leads).toContain(taken.lead);
    expect(taken).toMatchObject({ phase: "paused", released: paused.released, reason: paused.reason });
    const asked = await operatorOf(fleet.lab).run(["rollout", "resume"]);
    expect(asked.code, asked.stderr).toBe(0);
    const end = await waitRecord("its end", ({ phase }) => phase === "committed", 180_000);
    expect(end.reason).toMatch(/3 committed, 1 away/);
    await dead.boot();
    await waitView(fleet, dead.name, ({ status }) => status?.system.current?.endsWith(`-${label}`) === true);
    await waitView(fleet, dead.name, ({ status }) => status?.state === "committed");
    await expectOn(label);
  });

  test("its program is killed again and again: it comes back, and the rollout ends", async () => {
    const label = nextLabel();
    const { lead, lease } = await pausedRollout(label);
    const host = fleet.lab.host(lead ?? "");
    for (let i = 0; i < 3; i += 1) {
      await host.runChecked(["systemctl", "kill", "--signal=KILL", "chimera-rollout-*.service"]);
      await new Promise((done) => setTimeout(done, 500));
    }
    await waitRecord("a lead that asks again", (now) => now.lease > lease, 60_000);
    expect((await operatorOf(fleet.lab).run(["rollout", "resume"])).code).toBe(0);
    await waitRecord("its end", ({ phase }) => phase === "committed", 180_000);
    await expectOn(label);
  });
});

test("an operator takes it back in the middle: who had begun goes back, nobody else has moved", async () => {
  const label = nextLabel();
  await pausedRollout(label);
  const asked = await operatorOf(fleet.lab).run(["rollout", "abort", "--reason", "changed my mind"]);
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^returned: aborted by .*: changed my mind/);
  await waitView(fleet, "n3", ({ status }) => status?.system.current?.endsWith(`-${before}`) === true);
  await waitView(fleet, "n3", ({ status }) => status?.state === "committed");
  await expectOn(before);
});
