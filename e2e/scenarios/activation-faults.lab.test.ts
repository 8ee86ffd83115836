// What must not leave a node broken, on a real machine: restarts, lost journals, somebody else's switch, a dead agent.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentPid, deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { readJournal, waitStep } from "../fleet/read-journal.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
const quick = { activationSeconds: 20, reboot: { policy: "when-needed" } };
const state = "/var/lib/chimera";

const on = (label: string) => {
  const path = expect.stringMatching(new RegExp(`-nixos-system-n1-${label}$`));
  return { current: path, profile: path, bootDefault: path };
};

async function deployWell(label: string, changes: object = {}): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label, { agentConfig: quick, changes });
  expect(code, stdout + stderr).toBe(0);
  expect(await pointersOf(node)).toEqual(on(label));
}

const begin = (label: string, changes: object, args: readonly string[] = []) =>
  deployWorld(fleet, label, { agentConfig: quick, changes, args: ["--no-follow", ...args] });

const emptying = (script: string) => ({
  activationSeconds: 20,
  reboot: { policy: "when-needed", drain: { argv: ["/bin/sh", "-c", script], timeoutSeconds: 60 } },
});

/** Nothing of an order is left on the machine. */
async function expectClean(): Promise<void> {
  await waitUntil(
    "no unit of an order",
    async () => {
      const listed = await node.runChecked([
        "systemctl",
        "list-units",
        "--all",
        "--plain",
        "--no-legend",
        "chimera-activate-*",
        "chimera-boot-*",
        "chimera-revert-*",
        "chimera-entry-*",
        "chimera-drain-*",
        "chimera-dead-man-*",
      ]);
      return listed.trim() === "";
    },
    { timeoutMs: 30_000 },
  );
  expect((await node.runChecked(["sh", "-c", "pgrep -fc 'agent[.]mjs run'"])).trim()).toBe("1");
}

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  await deployWell("good");
});
afterAll(() => downUnlessInUse());

describe("a system with another kernel", () => {
  test("is booted once, proves itself, and only then is the default", async () => {
    const before = await node.leaderPid();
    await deployWell("kernel", { kernelVersion: "6.12.1-lab" });
    expect(await node.leaderPid()).not.toBe(before);
    expect((await node.runChecked(["readlink", "/run/booted-system"])).trim()).toMatch(/-kernel$/);
    await expectClean();
  });

  test("that does not boot is fallen back from, denied and reported, without anybody's help", async () => {
    await begin("no-boot", { kernelVersion: "6.12.2-lab", fault: "no-boot" });
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toContain("did not boot");
    expect(status?.quarantine).toEqual([expect.stringMatching(/-no-boot$/)]);
    expect(await pointersOf(node)).toEqual(on("kernel"));
  });

  test("that boots but does not hold is left by another restart", async () => {
    // Its unit fails three seconds after the boot has started it, which is before the agent looks.
    await begin("sick-kernel", { kernelVersion: "6.12.3-lab", fault: "fail-unit" }, ["--probation", "8"]);
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toContain("lab-fault.service");
    expect(await pointersOf(node)).toEqual(on("kernel"));
    expect((await node.runChecked(["readlink", "/run/booted-system"])).trim()).toMatch(/-kernel$/);
    await expectClean();
  });
});

describe("a drain", () => {
  const drained = "/var/tmp/drained";
  const sameKernel = { kernelVersion: "6.12.1-lab" };

  test("empties the node before the restart, once", async () => {
    const agentConfig = emptying(`echo emptied >> ${drained}`);
    await deployWorld(fleet, "drains", { agentConfig, changes: sameKernel });
    expect(await pointersOf(node)).toEqual(on("drains"));
    await deployWorld(fleet, "drained", { agentConfig: quick, changes: { kernelVersion: "6.12.4-lab" } });
    expect(await pointersOf(node)).toEqual(on("drained"));
    expect(await node.runChecked(["cat", drained])).toBe("emptied\n");
    await expectClean();
  });

  test("that fails restarts nothing, and the node says so", async () => {
    const before = await node.leaderPid();
    const changes = { kernelVersion: "6.12.4-lab" };
    await deployWorld(fleet, "drains-badly", { agentConfig: emptying("exit 7"), changes });
    await begin("never-booted", { kernelVersion: "6.12.5-lab" });
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toContain("the drain before the restart ended with 7");
    expect(await pointersOf(node)).toEqual(on("drains-badly"));
    expect(await node.leaderPid()).toBe(before);
    await expectClean();
  });

  // Whatever needs a restart after this would be drained as badly; the last one is back on the usual kernel.
  afterAll(async () => {
    await deployWell("drains-no-more", { kernelVersion: "6.12.4-lab" });
    await deployWell("usual-kernel");
  });
});

describe("a journal", () => {
  test.each([
    ["that was cut short", "truncate -s 120"],
    ["of zeros, as after a power cut", "dd if=/dev/zero bs=400 count=1 of="],
    ["of a newer agent", `sed -i 's/"v":2/"v":7/'`],
  ])("%s in the middle of probation costs nothing but the proof", async (name, spoil) => {
    const label = `lost-${name.length}`;
    await begin(label, {}, ["--probation", "30"]);
    await waitStep(node, label, { steps: ["probation"] });
    const file = `${state}/journal.json`;
    const command = spoil.endsWith("of=") ? `${spoil}${file}` : `${spoil} ${file}`;
    await node.runChecked([
      "sh",
      "-euc",
      `systemctl kill --signal=STOP chimera-sentinel; ${command}; systemctl kill --signal=KILL chimera-sentinel`,
    ]);
    await waitStep(node, label, { steps: ["committed"] });
    await waitUntil("pointers", async () => (await pointersOf(node)).bootDefault.endsWith(`-${label}`), {
      timeoutMs: 30_000,
    });
    expect(await pointersOf(node)).toEqual(on(label));
    const kept = await node.runChecked([
      "sh",
      "-c",
      `ls ${state} | grep -c 'journal.json.\\(corrupt\\|newer\\)-'`,
    ]);
    expect(Number(kept)).toBeGreaterThan(0);
  });
});

describe("somebody else's switch", () => {
  test("is kept out while a system proves itself, and undone afterwards", async () => {
    const old = (await pointersOf(node)).current;
    await begin("proving", {}, ["--probation", "15"]);
    await waitStep(node, "proving", { steps: ["probation"] });
    const foreign = () => node.run([`${old}/bin/switch-to-configuration`, "test"]);
    // Looked at, not tried: a switch that is quicker than the agent would end the probation.
    const probe = ["flock", "--nonblock", "/run/nixos/switch-to-configuration.lock", "true"];
    await waitUntil("the lock held", async () => (await node.run(probe)).code === 1, { timeoutMs: 10_000 });
    expect((await foreign()).code).toBe(11);
    await waitView(fleet, "n1", ({ status }) => status?.state === "committed");
    expect(await pointersOf(node)).toEqual(on("proving"));
    expect((await foreign()).code).toBe(0);
    await waitUntil("it undone", async () => (await pointersOf(node)).current.endsWith("-proving"), {
      timeoutMs: 120_000,
    });
    await waitView(fleet, "n1", ({ status }) => status?.state === "committed");
  });
});

describe("a system that breaks the agent", () => {
  test("is undone by the dead-man, which needs neither agent nor tmux", async () => {
    await begin("broken", { fault: "break-tmux" });
    const { deadMan } = await waitStep(node, "broken", { steps: ["activating", "probation"] });
    expect(deadMan?.unit).toMatch(/^chimera-dead-man-/);
    await waitUntil("no agent", async () => (await agentPid(node)) === undefined, { timeoutMs: 60_000 });
    await waitUntil(
      "the previous system",
      async () => (await pointersOf(node)).current.endsWith("-proving"),
      {
        timeoutMs: 300_000,
        everyMs: 1000,
      },
    );
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toContain("dead-man fired");
    expect(status?.quarantine).toContainEqual(expect.stringMatching(/-broken$/));
    expect(await pointersOf(node)).toEqual(on("proving"));
    expect(await readJournal(node)).toMatchObject({ step: "reverted", deadMan: null });
  });
});
