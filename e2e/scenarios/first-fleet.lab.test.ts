// The first fleet does its main job on real machines.
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentPid, deployWorld, planWorld, pointersOf, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { tamperNode } from "../fleet/tamper-node.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { tamperKinds } from "../probe/tamper-order.ts";

let fleet: Fleet;
const labelled = (label: string) => expect.stringMatching(new RegExp(`-nixos-system-n\\d-${label}$`));
const onLabel = (label: string) => ({
  current: labelled(label),
  profile: labelled(label),
  bootDefault: labelled(label),
});

beforeAll(async () => {
  fleet = await startFleet({ nodes: 3, probationSeconds: 5 });
});
afterAll(() => downUnlessInUse());

async function timeOnWs(): Promise<string> {
  return (await fleet.lab.host("ws").runChecked(["date", "--utc", "+%Y-%m-%dT%H:%M:%SZ"])).trim();
}

async function expectEverywhere(label: string): Promise<void> {
  for (const node of fleet.lab.nodes) expect(await pointersOf(node), node.name).toEqual(onLabel(label));
}

test("world A is built, pushed, signed and committed on every node", async () => {
  const { code, stdout, stderr } = await deployWorld(fleet, "a");
  expect(code, stdout + stderr).toBe(0);
  await expectEverywhere("a");
  const { status, verified, hardware } = await waitView(fleet, "n1", (view) => view.hardware !== null);
  expect(verified).toBe(true);
  expect(status).toMatchObject({ state: "committed", accepted: { serial: 1 }, problem: null });
  expect(hardware?.cpu.cores).toBeGreaterThan(0);
});

test("the plan for world B is one for all nodes, names what will stop, and sends nothing", async () => {
  const options = { version: fleet.versions.next };
  const plan = await planWorld(fleet, "b", { ...options, args: ["--exit-code"] });
  expect(plan).toMatchObject({ code: 1, stdout: expect.stringMatching(/^n1, n2, n3$/m) });
  expect(plan.stdout).toMatch(/stops, starts +.*lab-app-1\.service, lab-app-2\.service, lab-app-5\.service/);
  expect(plan.stdout).toMatch(/leaves as it is +.*lab-app-4\.service/);
  expect(plan.stdout).toMatch(/store +ok: [\d.]+ [KMG]iB new, at least [\d.]+ [KMGT]iB free \(512\.0 MiB/);
  expect(plan.stdout).toMatch(/boot partition +ok: nothing new/);
  expect(plan.stderr).toMatch(/n3: built/);
  // The same world that runs: nothing to do.
  const same = await planWorld(fleet, "a", { args: ["--exit-code"] });
  expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining("n1, n2, n3: the same system") });
  expect((await operatorOf(fleet.lab).ok(["history"])).match(/\bdeploy\b/g)).toHaveLength(1);
});

test("world B replaces the agent by the one that the closure brings, without a failed unit", async () => {
  const before = await Promise.all(fleet.lab.nodes.map((node) => agentPid(node)));
  const { code, stdout, stderr } = await deployWorld(fleet, "b", { version: fleet.versions.next });
  expect(code, stdout + stderr).toBe(0);
  await expectEverywhere("b");
  for (const [i, node] of fleet.lab.nodes.entries()) {
    await waitView(fleet, node.name, ({ status }) => status?.agent.version === fleet.versions.next);
    expect(await agentPid(node), node.name).not.toBe(before[i]);
    expect((await node.run(["systemctl", "is-system-running"])).stdout.trim()).toBe("running");
  }
});

let onB: string;

test("every kind of tampering is put back, and each is reported as an event", async () => {
  onB = await timeOnWs();
  const trials = await tamperNode(fleet.lab.host("n1"), {
    // Twice: mode and owner take turns.
    trials: 2 * tamperKinds.length,
    pauseMs: 200,
    timeoutMs: 70_000,
  });
  expect(new Set(trials.map(({ kind }) => kind))).toEqual(new Set(tamperKinds));
  for (const { path, ms } of trials) expect(ms, path).not.toBeNull();
  const drift = await waitUntil(
    "every revert reported",
    async () => {
      const text = await operatorOf(fleet.lab).ok(["drift", "n1", "--json"]);
      return trials.every(({ path }) => text.includes(JSON.stringify(path))) && text;
    },
    { timeoutMs: 30_000, everyMs: 300 },
  );
  const kinds = [...drift.matchAll(/"kind": ?"([a-z-]+)"/g)].map(([, kind]) => kind);
  for (const kind of [
    "content",
    "missing",
    "replaced-by-file",
    "replaced-by-directory",
    "wrong-target",
    "mode",
    "owner",
  ]) {
    expect(kinds).toContain(kind);
  }
});

test("rollback publishes a higher head and brings world A back", async () => {
  await operatorOf(fleet.lab).ok(["rollback", "--reason", "test"]);
  await expectEverywhere("a");
  const { status } = await viewOf(fleet, "n2");
  expect(status).toMatchObject({ state: "committed", accepted: { serial: 3 } });
});

test("a node that loses its power comes back on its committed system and needs no new order", async () => {
  const node = fleet.lab.host("n2");
  await node.powerCut();
  await node.boot();
  expect(await pointersOf(node)).toEqual(onLabel("a"));
  const booted = (await node.run(["cat", "/proc/sys/kernel/random/boot_id"])).stdout.trim();
  const { status } = await waitView(fleet, "n2", (view) => view.status?.agent.bootId === booted);
  expect(status).toMatchObject({ state: "committed", accepted: { serial: 3 } });
});

test("deploy to one node leaves the others as they are", async () => {
  const { code, stdout, stderr } = await deployWorld(fleet, "c", { nodes: ["n3"] });
  expect(code, stdout + stderr).toBe(0);
  expect(await pointersOf(fleet.lab.host("n3"))).toEqual(onLabel("c"));
  expect(await pointersOf(fleet.lab.host("n1"))).toEqual(onLabel("a"));
});

test("all of it can be told afterwards, by what the nodes signed, and undone to a time", async () => {
  const operator = operatorOf(fleet.lab);
  const history = await operator.ok(["history"]);
  for (const row of [
    /^4 .* deploy .* 3 committed/mu,
    /^3 .* rollback .* 3 committed .*test$/mu,
    /^2 .* 3 committed/mu,
  ]) {
    expect(history).toMatch(row);
  }
  expect(await operator.ok(["history", "2"])).toMatch(/^n2 +committed +committed +20\S+ \S+ +signed/mu);
  expect(await operator.ok(["diff", "1", "2"])).toMatch(
    /n1[\s\S]*-nixos-system-n1-a -> \w{8}-nixos-system-n1-b[\s\S]*closure /u,
  );
  const said = await operator.ok(["timeline", "--since", "1h"]);
  for (const line of [
    /order +head 0\.1 deploy .*signed by/u,
    /n1 +state +committing -> committed .*-n1-b .*by head 0\.2/u,
    /n1 +drift +put back content \/etc/u,
    /order +head 0\.3 rollback .*: test \(by /u,
    /n2 +reboot +restarted: up since/u,
    /n3 +state +committing -> committed .*-n3-c .*by head 0\.4/u,
  ]) {
    expect(said).toMatch(line);
  }
  const back = await operator.run(["rollback", "--to", onB, "--reason", "as it was"]);
  expect(back.code, back.stderr).toBe(0);
  expect(back.stderr).toMatch(/was in force, ordered by head 0\.2 \(signed /u);
  await expectEverywhere("b");
});

test("an unknown target, a malformed path and a build that fails publish nothing", async () => {
  const operator = operatorOf(fleet.lab);
  const history = await operator.ok(["history", "--json"]);
  const unknown = await operator.run(["deploy", "--file", "/srv/worlds/c/chimera.toml", "-t", "n9"]);
  expect(unknown.code).not.toBe(0);
  expect(unknown.stderr).toContain("n9");
  const malformed = await operator.run(["publish", "n1=/nix/store/short-system"]);
  expect(malformed.code).toBe(65);
  expect(malformed.stderr).toContain("n1");
  const spec = (node: string) => fleet.node(node, { label: "half", version: fleet.versions.first });
  const folder = await fleet.stageWorld("half", { n1: spec("n1"), n3: spec("n3") });
  const ws = fleet.lab.host("ws");
  const project = (await ws.runChecked(["cat", `${folder}/chimera.toml`])).replace(
    "systems.n3",
    "systems.absent",
  );
  await ws.runChecked(["tee", "/root/half.toml"], { input: project });
  const half = await operator.run(["deploy", "--file", "/root/half.toml"]);
  expect(half.code, half.stderr).toBe(70);
  expect(half.stderr).toContain("n3");
  expect(await operator.ok(["history", "--json"])).toBe(history);
});

// docs/hardening.md has the reasons and what each had before.
test.each([
  ["hub", "chimera-controller", 2.5],
  ["n1", "chimera-watchdog", 1.5],
  ["n1", "chimera-sentinel", 9.1],
] as const)("systemd on %s gives %s.service a score of at most %d", async (host, unit, atMost) => {
  const argv = ["systemd-analyze", "security", "--no-pager", `${unit}.service`];
  const said = await fleet.lab.host(host).runChecked(argv);
  const score = Number(/Overall exposure level for \S+: (?<score>[\d.]+)/u.exec(said)?.groups?.["score"]);
  expect(score, said).toBeLessThanOrEqual(atMost);
});
