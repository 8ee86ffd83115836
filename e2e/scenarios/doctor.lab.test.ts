// `chimera doctor` on real machines: a healthy fleet has nothing wrong, and each thing that is broken is found, by its name and on the machine where it is.
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let hub: Host;
beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  hub = fleet.lab.host("hub");
  const { code, stderr } = await deployWorld(fleet, "old");
  if (code !== 0) throw new Error(`the deployment: ${stderr}`);
});
afterAll(() => downUnlessInUse());

const Found = z.object({
  role: z.string(),
  check: z.string(),
  level: z.string(),
  what: z.string(),
  where: z.string(),
});
const Answer = z.object({ ok: z.boolean(), findings: z.array(Found) });

async function doctor(host: Host, ...args: string[]) {
  const { code, stdout, stderr } = await host.run(["chimera", "doctor", ...args, "--json"], {
    timeoutMs: 60_000,
  });
  if (stdout === "") throw new Error(stderr);
  const { findings } = Answer.parse(JSON.parse(stdout));
  return { code, findings, wrong: findings.filter(({ level }) => level === "fail") };
}

/** Breaks something, looks what is found wrong, and mends it. */
async function found(host: Host, { args, spoil, mend }: { args: string[]; spoil: string[]; mend: string[] }) {
  await host.runChecked(spoil);
  const { code, wrong } = await doctor(host, ...args);
  await host.runChecked(mend);
  return { code, wrong: wrong.map(({ check, where }) => `${check} ${where}`) };
}

test("a node, the hub and the operator's machine of a healthy fleet have nothing that is wrong", async () => {
  for (const [host, kind] of [
    [node, "node"],
    [hub, "controller"],
    [fleet.lab.host("ws"), "operator"],
  ] as const) {
    const { code, findings, wrong } = await doctor(host, kind);
    expect([kind, wrong, code]).toEqual([kind, [], 0]);
    expect(findings.filter(({ level }) => level === "ok").length).toBeGreaterThan(4);
  }
  const { findings } = await doctor(node, "node");
  const fine = findings.filter(({ level }) => level === "ok").map(({ check }) => check);
  const known = [
    "agent",
    "unit",
    "unit-settings",
    "key-set",
    "nats-connection",
    "version",
    "clock",
    "inotify",
    "space",
  ];
  expect(fine).toEqual(expect.arrayContaining(known));
  // The lab's hub has no certificate.
  const clear = findings.filter(({ level, what }) => level === "warn" && what.endsWith("in the clear"));
  expect(clear.map(({ check }) => check)).toEqual(["nats", "controller"]);
  expect((await doctor(hub, "controller")).findings).toEqual(
    expect.arrayContaining([expect.objectContaining({ check: "jetstream-sync", level: "ok" })]),
  );
});

test("what is broken on a node is found: modes, owners, a unit that stands still, a server that is away", async () => {
  const args = ["node"];
  const seed = "/var/lib/chimera/identity/nats.seed";
  const readable = await found(node, { args, spoil: ["chmod", "644", seed], mend: ["chmod", "600", seed] });
  expect(readable).toEqual({ code: 1, wrong: [`secret-file ${seed}`] });
  const owned = await found(node, { args, spoil: ["chown", "65534", seed], mend: ["chown", "0", seed] });
  expect(owned.wrong).toEqual([`secret-file ${seed}`]);
  const state = "/var/lib/chimera";
  const entered = await found(node, { args, spoil: ["chmod", "755", state], mend: ["chmod", "700", state] });
  expect(entered.wrong).toEqual([`private-folder ${state}`]);
  const timer = "chimera-watchdog.timer";
  const stopped = await found(node, {
    args,
    spoil: ["systemctl", "stop", timer],
    mend: ["systemctl", "start", timer],
  });
  expect(stopped.wrong).toEqual([`unit ${timer}`]);
});

test("a node whose hub is away says which way is closed and why", async () => {
  await hub.runChecked(["systemctl", "stop", "nats-server", "chimera-controller"]);
  const { code, wrong } = await doctor(node, "node");
  expect(code).toBe(1);
  expect(wrong.map(({ check }) => check)).toEqual(["nats", "controller"]);
  expect(wrong[0]?.what).toContain("ECONNREFUSED");
  const atHub = await doctor(hub, "controller");
  expect(atHub.wrong.map(({ check }) => check)).toEqual(
    expect.arrayContaining(["unit", "controller", "nats"]),
  );
  await hub.runChecked(["systemctl", "start", "nats-server", "chimera-controller"]);
  await waitUntil("all is well", async () => (await doctor(node, "node")).code === 0, { timeoutMs: 60_000 });
});

test("a node without its agent says so first", async () => {
  await node.runChecked(["systemctl", "stop", "chimera-watchdog.timer", "chimera-sentinel"]);
  const { wrong } = await doctor(node);
  expect(wrong.map(({ check }) => check)).toEqual(expect.arrayContaining(["agent", "unit"]));
  await node.runChecked(["systemctl", "start", "chimera-sentinel", "chimera-watchdog.timer"]);
  await waitUntil("all is well", async () => (await doctor(node, "node")).code === 0, { timeoutMs: 60_000 });
});
