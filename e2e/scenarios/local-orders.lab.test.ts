// Root on a node whose hub is gone: what `chimera local` does, and what becomes of it when the hub is back.
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { agentPid, deployWorld, pointersOf, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let systems: Record<"old" | "new", string>;

const Look = z.looseObject({ state: z.string(), local: z.looseObject({ toplevel: z.string() }).nullable() });

const local = (...args: string[]) => node.run(["chimera", "local", ...args], { timeoutMs: 180_000 });
const look = async () => Look.parse(JSON.parse((await local("status", "--json")).stdout));
const all = (path: string) => ({ current: path, profile: path, bootDefault: path });

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  for (const label of ["old", "new"]) {
    const { code, stderr } = await deployWorld(fleet, label);
    if (code !== 0) throw new Error(`the deployment of ${label}: ${stderr}`);
  }
  const current = (await pointersOf(node)).current;
  const previous = (await node.runChecked(["readlink", "/nix/var/nix/gcroots/chimera/previous"])).trim();
  systems = { old: previous, new: current };
  await fleet.lab.host("hub").runChecked(["systemctl", "stop", "nats-server", "chimera-controller"]);
});
afterAll(() => downUnlessInUse());

test("without NATS and controller it says what the node does and why, and with a reason what it refuses", async () => {
  expect(await look()).toMatchObject({ state: "committed", local: null });
  expect((await local("why")).code).toBe(0);
  const missing = await local("apply", `/nix/store/${"0".repeat(32)}-nixos-system-none`);
  expect(missing.code).not.toBe(0);
  expect(missing.stderr).toContain("not valid in this store");
  const somebody = await node.run([
    "setpriv",
    "--reuid=65534",
    "--clear-groups",
    "chimera",
    "local",
    "status",
  ]);
  expect(somebody.code).toBe(77);
});

test("a system of the store is applied: proven, committed, and the default of the next boot", async () => {
  const { code, stdout, stderr } = await local(
    "apply",
    systems.old,
    "--for",
    "1h",
    "--reason",
    "hub is gone",
  );
  expect(code, stdout + stderr).toBe(0);
  expect(await pointersOf(node)).toEqual(all(systems.old));
  expect((await look()).local?.toplevel).toBe(systems.old);
});

test("it stays over a restart of the machine", async () => {
  await node.powerCut();
  await node.boot();
  await waitUntil("the agent", async () => (await agentPid(node)) !== undefined, { timeoutMs: 30_000 });
  expect(await pointersOf(node)).toEqual(all(systems.old));
  await waitUntil("its answer", async () => (await local("status", "--json")).code === 0, {
    timeoutMs: 30_000,
  });
  expect((await look()).local?.toplevel).toBe(systems.old);
});

test("root goes back to what ran before that, and holds the node", async () => {
  const back = await local("revert", "--reason", "no, the other one");
  expect(back.code, back.stdout + back.stderr).toBe(0);
  expect(await pointersOf(node)).toEqual(all(systems.new));
  expect((await local("hold", "--for", "1h", "--reason", "working on it")).code).toBe(0);
  const held = await local("apply", systems.old);
  expect(held.code).not.toBe(0);
  expect(held.stderr).toContain("chimera local release");
  expect((await local("release")).code).toBe(0);
});

test("when the hub is back it is told, and a newer head ends what root ordered", async () => {
  const again = await local("apply", systems.old, "--reason", "once more");
  expect(again.code, again.stdout + again.stderr).toBe(0);
  await fleet.lab.host("hub").runChecked(["systemctl", "start", "nats-server", "chimera-controller"]);
  const { status } = await waitView(fleet, "n1", (view) => view.status?.local?.toplevel === systems.old);
  expect(status?.local).toMatchObject({ action: "apply", reason: "once more" });
  const { code, stdout, stderr } = await deployWorld(fleet, "newest");
  expect(code, stdout + stderr).toBe(0);
  expect((await pointersOf(node)).current).toMatch(/-newest$/);
  expect((await viewOf(fleet, "n1")).status?.local).toBeNull();
  expect((await look()).local).toBeNull();
});

test("without an agent it still says what the files say, and orders nothing", async () => {
  await node.runChecked(["systemctl", "stop", "chimera-sentinel", "chimera-watchdog.timer"]);
  const status = await local("status");
  expect(status.stdout + status.stderr).toContain("chimera-sentinel");
  const ordered = await local("apply", systems.old);
  expect(ordered.code).toBe(69);
  await node.runChecked(["systemctl", "start", "chimera-sentinel", "chimera-watchdog.timer"]);
});
