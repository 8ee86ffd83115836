// The server loses everything that it had on disk: the fleet goes on from what operators and nodes know.
import { afterAll, beforeAll, expect, test } from "vitest";
import { FleetView } from "@chimera/proto/api";
import { callerOf, type Scene } from "../attacks/scene.ts";
import { deployWorld, pointersOf } from "../fleet/fleet-stage.ts";
import { operatorOf, type Operator } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let operator: Operator;
let call: Scene["call"];

beforeAll(async () => {
  fleet = await startFleet({ nodes: 2 });
  operator = operatorOf(fleet.lab);
  call = await callerOf(fleet);
  await deploy("a");
  await operator.ok(["keys", "renew", "--root-key", "/root/.config/chimera/keys/lab/root.key"]);
  await deploy("b");
});
afterAll(() => downUnlessInUse());

async function deploy(label: string): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label);
  expect(code, stdout + stderr).toBe(0);
  for (const node of fleet.lab.nodes) expect((await pointersOf(node)).bootDefault).toMatch(`-${label}`);
}

async function fleetView(): Promise<FleetView> {
  return FleetView.parse((await call("GET", "/v1/fleet")).json);
}

async function isUp(): Promise<boolean> {
  return (await call("GET", "/v1/fleet").catch(() => null))?.status === 200;
}

/** Nodes and operators keep what they have; of the store nothing is left. */
async function loseTheStore(): Promise<void> {
  const hub = fleet.lab.host("hub");
  await hub.runChecked(["systemctl", "stop", "chimera-controller", "nats-server"]);
  await hub.runChecked(["rm", "-r", "/var/lib/nats/jetstream"]);
  await hub.runChecked(["systemctl", "start", "nats-server", "chimera-controller"]);
  await waitUntil("the controller is back", isUp, { timeoutMs: 30_000, everyMs: 100 });
  expect((await fleetView()).head).toBeNull();
}

test("an operator who has a copy puts it back, and deploys on top of it", async () => {
  const before = await fleetView();
  await loseTheStore();
  const refused = await operator.run(["status"]);
  expect(refused).toMatchObject({ code: 65, stderr: expect.stringContaining("chimera reseed") });
  const reseeded = await operator.run(["reseed"]);
  expect(reseeded, reseeded.stderr).toMatchObject({ code: 0 });
  const after = await fleetView();
  expect(after.head?.id).toBe(before.head?.id);
  expect(after.keys).toBe(2);
  await deploy("c");
  expect((await fleetView()).head?.head).toMatchObject({ serial: 3, previous: before.head?.id });
});

test("without any copy the next deployment goes on above the highest serial that nodes report", async () => {
  await fleet.lab.host("ws").runChecked(["rm", "-r", "/root/.local/state/chimera"]);
  await loseTheStore();
  await operator.waitNodes("both nodes say how far they are", ({ status }) => status?.accepted?.serial === 3);
  await deploy("d");
  expect((await fleetView()).head?.head.serial).toBe(4);
  const { problem } = (await operator.nodes())[0]?.status ?? {};
  expect(problem).toBeNull();
});
