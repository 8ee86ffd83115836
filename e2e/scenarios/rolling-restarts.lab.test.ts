/** A fleet that needs a restart, one node after the other: emptied, restarted, proven, back in service, and only then the next. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { HostRunResult } from "../lab/host/host-run.ts";
import type { Fault } from "../lab/os/system-spec.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2", "n3"];
const oneByOne = ["--waves", "n3,rest", "--max-unavailable", "1", "--reboot", "when-needed"];
let fleet: Fleet;

const note = (word: string) => ({
  argv: ["/bin/sh", "-c", `sleep 1; echo ${word} $(date +%s%N) >> /var/tmp/service`],
  timeoutSeconds: 60,
});
const agentConfig = { reboot: { drain: note("drain"), undrain: note("undrain") } };

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length, leads: ["n1", "n2"], probationSeconds: 2 });
  const { code, stderr } = await deploy("before", { kernel: "6.12.0-lab" });
  if (code !== 0) throw new Error(`the deployment before the tests: ${stderr}`);
});
afterAll(() => downUnlessInUse());

interface Wish {
  kernel: string;
  args?: readonly string[];
  faults?: Record<string, Fault>;
}

async function deploy(label: string, { kernel, args = [], faults = {} }: Wish): Promise<HostRunResult> {
  const version = fleet.versions.first;
  const specs = everybody.map((node) => {
    const fault = faults[node];
    const changes = { kernelVersion: kernel, ...(fault && { fault }) };
    return [node, fleet.node(node, { label, version, agentConfig, changes })] as const;
  });
  const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
  return operatorOf(fleet.lab).run(["deploy", "--file", `${folder}/chimera.toml`, ...args], {
    timeoutMs: 400_000,
  });
}

async function expectOn(label: string): Promise<void> {
  for (const node of everybody) {
    const host = fleet.lab.host(node);
    const { current, profile, bootDefault } = await pointersOf(host);
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

interface Outage {
  node: string;
  from: bigint;
  to: bigint;
}

/** When each node was out of service, by its own notes; all clocks here are one. A missing end is an error. */
async function outages(): Promise<Outage[]> {
  const all = await Promise.all(everybody.map(outagesOf));
  return all.flat();
}

async function outagesOf(node: string): Promise<Outage[]> {
  const { stdout } = await fleet.lab.host(node).run(["cat", "/var/tmp/service"]);
  const lines = stdout.trim() === "" ? [] : stdout.trim().split("\n");
  const found: Outage[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const [from, to] = [/^drain (\d+)$/.exec(lines[i] ?? ""), /^undrain (\d+)$/.exec(lines[i + 1] ?? "")];
    if (from?.[1] === undefined || to?.[1] === undefined) throw new Error(`${node}: ${stdout}`);
    found.push({ node, from: BigInt(from[1]), to: BigInt(to[1]) });
  }
  return found;
}

const bootedKernel = async (node: string) =>
  (await fleet.lab.host(node).runChecked(["readlink", "-f", "/run/booted-system/kernel"])).trim();

const pids = () => Promise.all(everybody.map((node) => fleet.lab.host(node).leaderPid()));

describe("a system that needs a restart", () => {
  test("forbidden, stays staged everywhere, and each reason is said", async () => {
    const before = await pids();
    const { code, stderr } = await deploy("forbidden", { kernel: "6.12.9-lab", args: ["--reboot", "never"] });
    expect(code, stderr).toBe(70);
    expect(stderr).toMatch(/n1: staged-for-reboot: another kernel: .*6\.12\.0-lab.* -> .*6\.12\.9-lab/);
    await expectOn("before");
    expect(await pids()).toEqual(before);
  });

  test("in a window that is closed, waits for it, and says so", async () => {
    const hour = new Date().getUTCHours();
    const at = (hours: number) => `${String((hour + hours) % 24).padStart(2, "0")}:00`;
    const window = ["--reboot", "window", "--reboot-window", `${at(6)}-${at(7)}`, "--no-follow"];
    const { code, stderr } = await deploy("later", { kernel: "6.12.8-lab", args: window });
    expect(code, stderr).toBe(0);
    const { status } = await waitView(
      fleet,
      "n2",
      (view) => view.status?.waiting?.reason === "reboot-window",
    );
    expect(status?.waiting?.detail).toMatch(/another kernel.*waits for the window: \d\d:00-\d\d:00 UTC/);
    await expectOn("before");
  });

  test("comes node by node: emptied, restarted once, proven, back in service, then the next; the lead too", async () => {
    const { code, stdout, stderr } = await deploy("next", { kernel: "6.12.2-lab", args: oneByOne });
    expect(code, stdout + stderr).toBe(0);
    await expectOn("next");
    for (const node of everybody) expect(await bootedKernel(node)).toContain("6.12.2-lab");
    expect(stderr).toMatch(
      /n3: staged-for-reboot \(the drain before the restart \(for another kernel: .*6\.12\.2-lab/,
    );
    const [first, second, third, ...more] = (await outages()).toSorted((a, b) => (a.from < b.from ? -1 : 1));
    expect(more).toEqual([]);
    expect(first?.node).toBe("n3");
    expect(second && first && second.from > first.to).toBe(true);
    expect(third && second && third.from > second.to).toBe(true);
  });

  test("is restarted into once: the same closure again moves nobody", async () => {
    const before = await pids();
    const again = await operatorOf(fleet.lab).run(["rollback", "--to", "current", "--reboot", "when-needed"]);
    expect(again.code, again.stderr).toBe(0);
    expect(await pids()).toEqual(before);
    expect(await outages()).toHaveLength(everybody.length);
  });
});

test("a node that does not boot it stops the wave, is on its old system and in service, and the fleet goes back", async () => {
  const { code, stderr } = await deploy("sick", {
    kernel: "6.12.3-lab",
    args: [...oneByOne, "--wave-order", "n1"],
    faults: { n1: "no-boot" },
  });
  expect(code, stderr).toBe(70);
  expect(stderr).toMatch(/1 failed, 0 may: n1 reverted: .*did not boot/);
  await waitUntil(
    "everybody is back, and in service",
    async () => {
      const views = await operatorOf(fleet.lab).nodes();
      const isBack = views.every(({ status }) => status?.system.current?.endsWith("-next"));
      return isBack && (await outages().catch(() => [])).length === everybody.length + 2;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  const { status } = await waitView(fleet, "n3", (view) => view.status?.state === "committed");
  await expectOn("next");
  for (const node of ["n1", "n2"]) expect(await bootedKernel(node)).toContain("6.12.2-lab");
  // It went back live, as fast as it could; what only the next restart brings is said.
  expect(await bootedKernel("n3")).toContain("6.12.3-lab");
  expect(status?.restartAdvice).toContain("another kernel: linux-6.12.3-lab -> linux-6.12.2-lab");
  // Nobody came to n2.
  expect((await outages()).filter(({ node }) => node === "n2")).toHaveLength(1);
});

test("an agent that is killed while the work comes back waits for it as well; a machine that loses power tries again", async () => {
  const n2 = fleet.lab.host("n2");
  const pairs = (await outages()).filter(({ node }) => node === "n2").length;
  const slow = { ...note("undrain"), argv: ["/bin/sh", "-c", `sleep 4; ${note("undrain").argv[2]}`] };
  const config = { agentConfig: { reboot: { ...agentConfig.reboot, undrain: slow } }, nodes: ["n2"] };
  const calm = await deployWorld(fleet, "slow", { ...config, changes: { kernelVersion: "6.12.2-lab" } });
  expect(calm.code, calm.stderr).toBe(0);
  const isUndraining = () =>
    waitView(fleet, "n2", ({ status }) => {
      return status?.state === "committed" && status.waiting?.reason === "undraining";
    });
  const isSettled = () =>
    waitView(fleet, "n2", ({ status }) => {
      return status?.state === "committed" && status.waiting === null && status.system.current === wanted;
    });
  const args = ["--no-follow", "--reboot", "when-needed"];
  await deployWorld(fleet, "killed", { ...config, args, changes: { kernelVersion: "6.12.4-lab" } });
  const wanted = (await isUndraining()).status?.wanted ?? "";
  await n2.runChecked(["systemctl", "kill", "--signal=KILL", "chimera-sentinel"]);
  await isSettled();
  expect((await outagesOf("n2")).length).toBe(pairs + 1);
  await deployWorld(fleet, "dark", { ...config, args, changes: { kernelVersion: "6.12.5-lab" } });
  const next = (await isUndraining()).status?.wanted ?? "";
  await n2.powerCut();
  await n2.boot();
  await waitView(fleet, "n2", ({ status }) => status?.waiting === null && status.system.current === next);
  expect((await outagesOf("n2")).length).toBe(pairs + 2);
});

const dayTime = (ms: number) => new Date(ms).toISOString().slice(11, 16);

test("a window that opens while the rollout waits for it lets them restart, one after the other, and none before", async () => {
  const known = (await outages()).length;
  const opensMs = Math.ceil((Date.now() + 45_000) / 60_000) * 60_000;
  const window = `${dayTime(opensMs)}-${dayTime(opensMs + 3_600_000)}`;
  const args = [...oneByOne.slice(0, -1), "window", "--reboot-window", window];
  const { code, stdout, stderr } = await deploy("opened", { kernel: "6.12.7-lab", args });
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain(`waits for the window: ${window} UTC`);
  await expectOn("opened");
  const all = (await outages()).toSorted((a, b) => (a.from < b.from ? -1 : 1));
  const [first, second, third, ...more] = all.slice(known);
  expect(more).toEqual([]);
  expect(first && first.from >= BigInt(opensMs) * 1_000_000n).toBe(true);
  expect(second && first && second.from > first.to).toBe(true);
  expect(third && second && third.from > second.to).toBe(true);
});
