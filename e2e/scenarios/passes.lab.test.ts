// A fleet whose nats-server knows its users by passes: begun, deployed to, robbed of its issuer, and undone without its controller.
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPass } from "@chimera/proto/nats/pass";
import { deployWorld, pointersOf } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
const passFile = "/var/lib/chimera/identity/nats.pass";
const issuerOnHub = "/var/lib/chimera-controller/node-issuer.seed";
const issuerOnWs = "/root/.config/chimera/keys/lab/nats/node-issuer.seed";

beforeAll(async () => {
  fleet = await startFleet({ nodes: 2, passes: true, probationSeconds: 2 });
});
afterAll(() => downUnlessInUse());

const hub = (...argv: string[]) => fleet.lab.host("hub").runChecked(argv);
const nats = (...args: string[]) => operatorOf(fleet.lab).ok(["nats", ...args]);
const passOf = async (node: string) => readPass(await fleet.lab.host(node).runChecked(["cat", passFile]));

async function deployed(label: string): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label);
  expect(code, stdout + stderr).toBe(0);
}

async function expectOn(label: string): Promise<void> {
  for (const node of fleet.lab.nodes) {
    expect((await pointersOf(node)).current, node.name).toMatch(new RegExp(`-${label}$`));
  }
}

/** Said after this, over NATS. */
async function untilAllBeat(sinceMs: number): Promise<void> {
  await operatorOf(fleet.lab).waitNodes(
    "every node beats",
    ({ beat }) => beat !== null && Date.parse(beat.at) > sinceMs,
    90_000,
  );
}

test("nodes have no pass at first, are given theirs by the controller, and are deployed to", async () => {
  await deployed("a");
  await deployed("b");
  await expectOn("b");
  for (const { name } of fleet.lab.nodes) {
    const { name: named, iat, exp } = await passOf(name);
    expect({ named, lasts: exp - iat }).toEqual({ named: name, lasts: 86_400 });
    const facts = await fleet.lab.host(name).runChecked(["stat", "--format=%a %U", passFile]);
    expect(facts.trim()).toBe("600 root");
  }
});

test("an issuer that was stolen is dropped while all are up: nodes are cut, and come back with passes of the next", async () => {
  const before = await passOf("n1");
  await nats("rotate", "--issuer", "node");
  await nats("drop", "--issuer", "node");
  await nats("push", "--server", "nats://hub:4222");
  const seed = await fleet.lab.host("ws").runChecked(["cat", issuerOnWs]);
  await hub("sh", "-c", 'umask 077; printf %s "$1" > "$2"', "sh", seed, issuerOnHub);
  await hub("systemctl", "restart", "chimera-controller.service");
  const restartedMs = Date.now();
  for (const { name } of fleet.lab.nodes) {
    await waitUntil(
      `${name} has a pass of the next issuer`,
      async () => (await passOf(name)).iss !== before.iss,
      { timeoutMs: 120_000, everyMs: 500 },
    );
  }
  await untilAllBeat(restartedMs);
  expect((await passOf("n1")).iss).toBe((await passOf("n2")).iss);
}, 300_000);

test("without a controller a panic goes through NATS with the operator's pass", async () => {
  await hub("systemctl", "stop", "chimera-controller.service");
  const { code, stdout, stderr } = await operatorOf(fleet.lab).run(["panic", "--yes", "--over", "nats"]);
  expect(code, stdout + stderr).toBe(0);
  await expectOn("a");
  await hub("systemctl", "start", "chimera-controller.service");
});
