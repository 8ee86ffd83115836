/** `chimera panic` on real machines: at rest, in the middle of a rollout, without a key at hand, and with a node away. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf, waitFailed, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2", "n3"];
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length, leads: ["n1"], probationSeconds: 5 });
});
afterAll(() => downUnlessInUse());

async function deployed(label: string, args: readonly string[] = []): Promise<void> {
  const { code, stderr } = await deployWorld(fleet, label, { args });
  expect(code, stderr).toBe(0);
}

async function expectOn(label: string, nodes = everybody): Promise<void> {
  for (const node of nodes) {
    const { current, profile, bootDefault } = await pointersOf(fleet.lab.host(node));
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

const panic = (...args: string[]) => operatorOf(fleet.lab).run(["panic", "--yes", ...args]);

test("the whole fleet is back on the world before, each mark of each node is timed, and the receipts hold", async () => {
  await deployed("a");
  await deployed("b");
  const { code, stdout, stderr } = await panic("--json", "--out", "/root/panic.json");
  expect(code, stdout + stderr).toBe(0);
  await expectOn("a");
  await waitFailed(fleet, []);
  const Mark = z.int().nonnegative();
  const Result = z.object({
    nodes: z.array(
      z.object({ node: z.string(), marks: z.object({ ack: Mark, active: Mark, pointer: Mark, boot: Mark }) }),
    ),
  });
  // Each mark as it comes; the result is the last one.
  const result = Result.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  expect(result.nodes.map(({ node }) => node)).toEqual(everybody);
  const checked = await operatorOf(fleet.lab).run(["receipt", "verify", "/root/panic.json"]);
  expect(checked.code, checked.stderr).toBe(0);
});

test("a node that a hold keeps on the undone system is named until it is back", async () => {
  const operator = operatorOf(fleet.lab);
  await deployed("h");
  await operator.ok(["hold", "n2", "--for", "1h", "--even-panic", "--reason", "a look"]);
  const { code, stdout, stderr } = await panic("--timeout", "15");
  expect(code, stdout + stderr).not.toBe(0);
  await expectOn("a", ["n1", "n3"]);
  const [stray] = await waitFailed(fleet, ["n2"]);
  expect(stray?.status).toMatchObject({ state: "held", wanted: expect.stringMatching(/-a$/) });
  await operator.ok(["hold", "release", "n2"]);
  await waitView(fleet, "n2", ({ status }) => {
    return status?.state === "committed" && status.system.current?.endsWith("-a") === true;
  });
  await waitFailed(fleet, []);
  await expectOn("a");
});

test("without the panic key the document that was prepared is released; a rollout in its midst ends", async () => {
  await deployed("c");
  await deployed("d", ["--waves", "n2,rest", "--probation", "10", "--no-follow"]);
  await waitUntil(
    "the canary may go",
    async () => (await operatorOf(fleet.lab).run(["rollout", "status"])).stdout.includes("1 of 1 may go"),
    { timeoutMs: 60_000, everyMs: 200 },
  );
  const ws = fleet.lab.host("ws");
  const find = "find /root/.config/chimera -name 'panic*.key'";
  const key = (await ws.runChecked(["sh", "-c", find])).trim();
  expect(key).not.toBe("");
  await ws.runChecked(["mv", key, `${key}.away`]);
  const { code, stdout, stderr } = await panic();
  await ws.runChecked(["mv", `${key}.away`, key]);
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain("prepared, from the controller");
  await expectOn("c");
  await waitUntil(
    "the lead has ended",
    async () => {
      const units = ["systemctl", "list-units", "--no-legend", "chimera-rollout-*"];
      return (await fleet.lab.host("n1").runChecked(units)).trim() === "";
    },
    { timeoutMs: 30_000, everyMs: 300 },
  );
});

test("with the controller dead it goes straight to NATS by itself, and the controller knows it when it returns", async () => {
  await deployed("dead");
  const hub = fleet.lab.host("hub");
  await hub.runChecked(["systemctl", "stop", "chimera-controller"]);
  const { code, stdout, stderr } = await panic("--out", "/root/dead.json");
  await hub.runChecked(["systemctl", "start", "chimera-controller"]);
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain("straight to NATS");
  expect(stderr).toContain("prepared, from NATS");
  await expectOn("c");
  const checked = await operatorOf(fleet.lab).run(["receipt", "verify", "/root/dead.json"]);
  expect(checked.code, checked.stderr).toBe(0);
  await waitView(fleet, "n1", ({ status }) => status?.state === "committed");
  const again = await panic("--over", "controller");
  expect(again.code, again.stderr).toBe(0);
});

test("a node that is away is named, and goes back before anything else when it returns", async () => {
  await deployed("e");
  const n3 = fleet.lab.host("n3");
  await n3.powerCut();
  const { code, stdout, stderr } = await panic("--timeout", "20");
  expect(code, stdout + stderr).toBe(75);
  expect(stdout).toMatch(/n3 .*did not answer/u);
  expect(stderr).toContain("1 of 3 nodes are not back after 20 s: n3");
  await expectOn("c", ["n1", "n2"]);
  await n3.boot();
  await waitView(fleet, "n3", ({ status }) => status?.system.current?.endsWith("-c") === true);
  await waitView(fleet, "n3", ({ status }) => status?.state === "committed");
  await expectOn("c");
});
