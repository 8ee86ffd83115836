// The lab puts a machine back as it was, at whatever moment it is ended.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, expect, test } from "vitest";
import { isPopulated, labCgroup } from "../lab/kernel/cgroups.ts";
import { bridgeName } from "../lab/kernel/network.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { findLeader } from "../lab/host/host.ts";
import { usualHosts } from "../lab/host/host-spec.ts";
import { isClaimed, permitFile, stateFile } from "../lab/lab-state.ts";
import { find, up } from "../lab/lab.ts";
import { labProcesses, machineSnapshot } from "../lab/machine-snapshot.ts";
import type { MachineSnapshot } from "../lab/machine-snapshot.ts";
import { prepare } from "../lab/prepare/prepare.ts";
import { silent } from "../lab/report.ts";
import { rootfsPath } from "../lab/prepare/rootfs.ts";
import { waitUntil } from "../lab/wait-until.ts";

const command = join(import.meta.dirname, "../lab/main.ts");
let before: MachineSnapshot;

beforeAll(async () => {
  await prepare(silent);
  await downUnlessInUse();
  before = await machineSnapshot();
});

afterEach(async () => {
  await downUnlessInUse();
});

const moments: Record<string, () => boolean | Promise<boolean>> = {
  "the machine is claimed": () => isClaimed(),
  "the state is written": () => existsSync(stateFile()),
  "the bridge is there": () => existsSync(`/sys/class/net/${bridgeName}`),
  "runners may start": () => existsSync(permitFile()),
  "the first runner has joined its cgroup": async () => isPopulated(join(await labCgroup(), "hub")),
  "the first PID 1 is there": async () => (await findLeader("hub")) !== undefined,
};

test.for(Object.entries(moments))("kill -9 as soon as %s: down leaves nothing", async ([moment, reached]) => {
  const child = startUp();
  const ended = once(child, "exit");
  await waitUntil(moment, reached, { timeoutMs: 30_000, everyMs: 1 });
  child.kill("SIGKILL");
  await ended;
  await downUnlessInUse();
  expect(await machineSnapshot()).toEqual(before);
});

test.for(Object.entries(moments))(
  "Ctrl-C as soon as %s leaves nothing, with no down after it",
  async ([moment, reached]) => {
    const child = startUp();
    const ended = once(child, "exit");
    await waitUntil(moment, reached, { timeoutMs: 30_000, everyMs: 1 });
    child.kill("SIGINT");
    const [code]: unknown[] = await ended;
    expect(code).toBe(130);
    expect(await machineSnapshot()).toEqual(before);
  },
);

test("a lab in use by a living process is not taken down by another", async () => {
  await up({ hosts: usualHosts(0) });
  // With a shell between: a child of the owner may take the lab down for it.
  const result = await execa("sh", ["-c", '"$0" "$1" down; exit $?', process.execPath, command], {
    reject: false,
  });
  expect(result).toMatchObject({
    exitCode: 75,
    stderr: expect.stringContaining(`process ${process.pid} is using`),
  });
  expect(await (await find())?.host("hub").isOn()).toBe(true);
});

test("a lab that was up is found by another process and removed without a trace", async () => {
  const [code]: unknown[] = await once(startUp(), "exit");
  expect(code).toBe(0);
  const lab = await find();
  expect(await lab?.host("n1").runChecked(["systemctl", "is-system-running"])).toBe("running\n");
  expect(await machineSnapshot()).not.toEqual(before);
  await downUnlessInUse();
  expect(await machineSnapshot()).toEqual(before);
});

test("a lab made with another cache folder is found and removed all the same", async () => {
  const cache = await mkdtemp(join(tmpdir(), "chimera-lab-"));
  try {
    // Its root filesystem is this one's: a link saves the minute.
    await symlink(rootfsPath(), join(cache, basename(rootfsPath())));
    const child = spawn(process.execPath, [command, "up", "--plain", "--nodes", "0"], {
      stdio: "ignore",
      env: { ...process.env, CHIMERA_CACHE: cache },
    });
    const [code]: unknown[] = await once(child, "exit");
    expect(code).toBe(0);
    expect(await (await find())?.host("hub").isOn()).toBe(true);
    await downUnlessInUse();
    expect(await machineSnapshot()).toEqual(before);
    expect(existsSync(join(cache, "lab"))).toBe(false);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
});

test("containers whose supervisors were killed are found and ended all the same", async () => {
  const lab = await up({ hosts: usualHosts(1) });
  const supervisors = (await labProcesses()).filter((line) => / systemd-nspawn |host-runner\.sh/.test(line));
  expect(supervisors.length).toBeGreaterThanOrEqual(lab.hosts.length);
  for (const line of supervisors) process.kill(Number(line.split(" ")[0]), "SIGKILL");
  const orphans = (await labProcesses()).filter((line) => line.includes("/usr/lib/systemd/systemd"));
  expect(orphans.length).toBeGreaterThan(0);
  await downUnlessInUse();
  expect(await machineSnapshot()).toEqual(before);
});

test("a power-cut lab and one that is up already are taken down by the next up", async () => {
  const lab = await up({ hosts: usualHosts(1) });
  for (const host of lab.hosts) await host.powerCut();
  const next = await up({ hosts: usualHosts(1) });
  expect(await next.host("n1").isOn()).toBe(true);
  await downUnlessInUse();
  expect(await machineSnapshot()).toEqual(before);
});

test("kill -9 while the root filesystem is made leaves files in the cache folder only", async () => {
  const cache = await mkdtemp(join(tmpdir(), "chimera-lab-"));
  try {
    const child = spawn(process.execPath, [command, "prepare"], {
      stdio: "ignore",
      env: { ...process.env, CHIMERA_CACHE: cache },
    });
    const ended = once(child, "exit");
    await waitUntil("packages being unpacked", () => unpacking(cache), { timeoutMs: 120_000 });
    child.kill("SIGKILL");
    await ended;
    await waitUntil("mmdebstrap ended", noProcesses, { timeoutMs: 10_000 });
    expect(await machineSnapshot()).toEqual(before);
    expect((await readdir(cache)).filter((name) => /^rootfs-[a-z]+-[0-9a-f]+$/.test(name))).toEqual([]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
});

function startUp(): ReturnType<typeof spawn> {
  return spawn(process.execPath, [command, "up", "--plain", "--nodes", "2"], { stdio: "ignore" });
}

async function noProcesses(): Promise<boolean> {
  return (await labProcesses()).length === 0;
}

async function unpacking(cache: string): Promise<boolean> {
  const made = (await readdir(cache)).find((name) => /^rootfs-.*\.tmp-\d+$/.test(name));
  return made !== undefined && existsSync(join(cache, made, "usr/bin"));
}
