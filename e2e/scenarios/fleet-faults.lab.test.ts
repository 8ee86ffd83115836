// What goes wrong on real machines: faulty systems, killed programs, absent servers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentPid, deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import type { Fault } from "../lab/os/system-spec.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
/** The system that must still run when a test is over. */
let good: Awaited<ReturnType<typeof pointersOf>>;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1, probationSeconds: 5 });
  node = fleet.lab.host("n1");
  const { code, stderr } = await deployWorld(fleet, "good");
  if (code !== 0) throw new Error(`the first deployment: ${stderr}`);
  good = await pointersOf(node);
});
afterAll(async () => {
  await downUnlessInUse();
});

async function unitState(unit: string): Promise<string> {
  return (await node.run(["systemctl", "is-active", unit])).stdout.trim();
}

async function newAgent(before: number | undefined, timeoutMs: number): Promise<number> {
  return waitUntil(
    "a new agent",
    async () => {
      const pid = await agentPid(node);
      return pid !== before && pid;
    },
    { timeoutMs, everyMs: 300 },
  );
}

async function restoredByDrift(): Promise<void> {
  const path = "/etc/lab/link-3";
  const target = (await node.runChecked(["readlink", path])).trim();
  await node.runChecked(["ln", "-sfn", "/etc/passwd", path]);
  await waitUntil(
    "drift put back",
    async () => (await node.run(["readlink", path])).stdout.trim() === target,
    { timeoutMs: 75_000, everyMs: 50 },
  );
}

describe("a system that does not hold", () => {
  test.each(["exit2", "exit4", "fail-unit"] satisfies Fault[])(
    "%s: the node goes back by itself",
    async (fault) => {
      const { code, stdout } = await deployWorld(fleet, `bad-${fault}`, { changes: { fault } });
      expect(code, stdout).not.toBe(0);
      const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
      expect(status?.problem?.message).toBeTruthy();
      expect(await pointersOf(node)).toEqual(good);
      await waitUntil(
        "no failed unit after the revert",
        async () => (await node.run(["systemctl", "is-system-running"])).stdout.trim() === "running",
        { timeoutMs: 30_000 },
      );
    },
  );

  test("exit1: the pre-switch check refuses and nothing has changed", async () => {
    const { code } = await deployWorld(fleet, "bad-exit1", { changes: { fault: "exit1" } });
    expect(code).not.toBe(0);
    expect(await pointersOf(node)).toEqual(good);
  });

  test("exit100: it waits for a reboot, and says so; profile and boot default stay", async () => {
    await deployWorld(fleet, "bad-exit100", { changes: { fault: "exit100" }, args: ["--timeout", "40"] });
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "staged-for-reboot");
    expect(status?.waiting?.detail).toBeTruthy();
    expect(await pointersOf(node)).toEqual(good);
  });
});

describe("programs that die", () => {
  test("killing the agent in the middle of an activation does not harm it", async () => {
    const slow = [
      { name: "lab-app-2", revision: "slow", stopMs: 1 },
      { name: "lab-slow", revision: "1", stopMs: 6000 },
    ];
    expect((await deployWorld(fleet, "slow", { changes: { apps: slow } })).code).toBe(0);
    const changes = { apps: [{ name: "lab-slow", revision: "2", stopMs: 6000 }] };
    const deployed = deployWorld(fleet, "slower", { changes });
    const unit = await waitUntil(
      "the activation unit",
      async () => {
        const listed = await node.run([
          "systemctl",
          "list-units",
          "--plain",
          "--no-legend",
          "chimera-activate-*",
        ]);
        return listed.stdout.includes("running") && listed.stdout.split(" ")[0];
      },
      { timeoutMs: 60_000 },
    );
    await node.runChecked(["kill", "-KILL", `${await agentPid(node)}`]);
    expect(await unitState(unit)).toMatch(/^(active|activating)$/);
    const { code, stdout, stderr } = await deployed;
    expect(code, stdout + stderr).toBe(0);
    good = await pointersOf(node);
    expect(good.current).toMatch(/-slower$/);
  });

  test("a killed tmux server takes the agent with it, and both are back in seconds", async () => {
    const before = await agentPid(node);
    const server = (await node.runChecked(["systemctl", "show", "-P", "MainPID", "chimera-sentinel"])).trim();
    await node.runChecked(["kill", "-KILL", server]);
    expect(await newAgent(before, 20_000)).not.toBe(before);
    await restoredByDrift();
  });

  test("a stopped tmux server does not stop the agent", async () => {
    const server = (await node.runChecked(["systemctl", "show", "-P", "MainPID", "chimera-sentinel"])).trim();
    const before = await agentPid(node);
    await node.runChecked(["kill", "-STOP", server]);
    for (let i = 0; i < 3; i += 1) await restoredByDrift();
    await node.runChecked(["kill", "-CONT", server]);
    expect(await agentPid(node)).toBe(before);
  });

  test("the watchdog replaces an agent that hangs", async () => {
    const before = await agentPid(node);
    const shown = await node.runChecked(["systemctl", "show", "-P", "ExecStart", "chimera-watchdog"]);
    const watchdog = /path=(\S+)/.exec(shown)?.[1] ?? "";
    await node.runChecked(["kill", "-STOP", `${before}`]);
    // The timer's own look comes every 30 s and waits for 60 s of silence; here the same program waits for two.
    await waitUntil(
      "the agent ended",
      async () => {
        const { stdout } = await node.run([watchdog], { env: { CHIMERA_WATCHDOG_SECONDS: "2" } });
        return stdout.includes("ending the agent");
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
    expect(await newAgent(before, 20_000)).not.toBe(before);
  });

  test("with NATS away drift is still put back, and what happened is told later", async () => {
    const hub = fleet.lab.host("hub");
    await hub.runChecked(["systemctl", "stop", "nats-server"]);
    await restoredByDrift();
    const since = new Date().toISOString();
    await restoredByDrift();
    await hub.runChecked(["systemctl", "start", "nats-server"]);
    await waitView(fleet, "n1", ({ beat }) => beat !== null && beat.at > since);
    const { stdout } = await fleet.lab.host("ws").run(["chimera", "drift", "n1", "--json"]);
    expect(stdout.split('"/etc/lab/link-3"').length).toBeGreaterThan(2);
  });
});

describe("a system that cuts the node off", () => {
  test("is undone by the node alone, which then says so", async () => {
    const pointers = await pointersOf(node);
    const changes = { fault: "cut-network" } as const;
    expect((await deployWorld(fleet, "bad-network", { changes, args: ["--no-follow"] })).code).toBe(0);
    await waitUntil("the network is cut", async () => (await unitState("lab-fault.service")) === "active", {
      timeoutMs: 60_000,
    });
    // Contact is given two minutes to come back.
    await waitUntil(
      "the previous system is back",
      async () => (await pointersOf(node)).current === pointers.current,
      { timeoutMs: 240_000, everyMs: 1000 },
    );
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toMatch(/contact|NATS/i);
    expect(await pointersOf(node)).toEqual(pointers);
  });
});
