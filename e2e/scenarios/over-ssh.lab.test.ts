/** `--over ssh` on real machines: NATS and controller are dead, the fleet is deployed to, undone, and agrees with them when they return. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { homeOf } from "../fleet/people.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

const everybody = ["n1", "n2"];
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ nodes: everybody.length });
  const { code, stderr } = await deployWorld(fleet, "a");
  if (code !== 0) throw new Error(stderr);
  await hub("stop");
});
afterAll(() => downUnlessInUse());

async function hub(how: "start" | "stop"): Promise<void> {
  await fleet.lab.host("hub").runChecked(["systemctl", how, "nats-server", "chimera-controller"]);
}

const overSsh = (label: string, ...args: string[]) =>
  deployWorld(fleet, label, { args: ["--over", "ssh", "--receipts", `/root/${label}.json`, ...args] });

async function expectOn(label: string, nodes = everybody): Promise<void> {
  for (const node of nodes) {
    const { current, profile, bootDefault } = await pointersOf(fleet.lab.host(node));
    expect(current, node).toMatch(new RegExp(`-${label}$`));
    expect([profile, bootDefault], node).toEqual([current, current]);
  }
}

async function expectReceipts(file: string, count: number): Promise<void> {
  const checked = await operatorOf(fleet.lab).run(["receipt", "verify", file, "--json"]);
  expect(checked.code, checked.stderr).toBe(0);
  expect(
    z.object({ receipts: z.array(z.unknown()) }).parse(JSON.parse(checked.stdout)).receipts,
  ).toHaveLength(count);
}

test("a deployment over ssh is committed everywhere, in a session of its own, and its receipts hold", async () => {
  const { code, stdout, stderr } = await overSsh("b");
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/signed head 2: .* delivered to 2 of 2 nodes/u);
  expect(stdout).toMatch(/all 2 nodes that have it committed head 2/u);
  expect(stderr).toMatch(/n1: copied \d+ paths/u);
  await expectOn("b");
  await expectReceipts("/root/b.json", everybody.length);
  const sessions = await fleet.lab
    .host("n1")
    .runChecked(["tmux", "-N", "-S", "/run/chimera/tmux.sock", "ls"]);
  expect(sessions).toContain("deploy-2:");
});

test("a node whose host key has changed is refused, with what to do, and stops no other", async () => {
  const ws = fleet.lab.host("ws");
  const known = "/etc/ssh/ssh_known_hosts";
  await ws.runChecked(["cp", known, `${known}.right`]);
  const other = (await ws.runChecked(["awk", "/^n1[, ]/ {print $3; exit}", known])).trim();
  await ws.runChecked(["sed", "-i", `/^n2[, ]/s#AAAA[^ ]*#${other}#`, known]);
  const { code, stdout, stderr } = await overSsh("c");
  await ws.runChecked(["mv", `${known}.right`, known]);
  expect(code, stdout + stderr).toBe(77);
  expect(stderr).toMatch(/n2.*host key has CHANGED.*ssh-keygen -R n2/u);
  expect(stdout).toMatch(/delivered to 1 of 2 nodes/u);
  await expectOn("c", ["n1"]);
  await expectOn("b", ["n2"]);
  const again = await overSsh("c", "--no-follow");
  expect(again.code, again.stdout + again.stderr).toBe(0);
  // No connection is left: what comes now is the node's own work.
  const n2 = fleet.lab.host("n2");
  const isThere = async () => (await pointersOf(n2)).bootDefault.endsWith("-c");
  await waitUntil("n2 has committed by itself", isThere, { timeoutMs: 60_000, everyMs: 200 });
  await expectOn("c");
});

test("a panic over ssh brings everybody back, and its receipts hold", async () => {
  const { code, stdout, stderr } = await operatorOf(fleet.lab).run([
    "panic",
    "--yes",
    "--over",
    "ssh",
    "--out",
    "/root/panic.json",
  ]);
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain("undoes head 4");
  await expectOn("b");
  await expectReceipts("/root/panic.json", everybody.length);
});

test("when NATS and controller return, the operator brings them what they missed, and all agree", async () => {
  await hub("start");
  const operator = operatorOf(fleet.lab);
  await waitUntil(
    "the controller knows that it is behind",
    async () => (await operator.run(["status"])).stderr.includes("chimera reseed"),
    { timeoutMs: 60_000, everyMs: 300 },
  );
  const reseeded = await operator.run(["reseed"]);
  expect(reseeded.code, reseeded.stdout + reseeded.stderr).toBe(0);
  await operator.waitNodes(
    "every node reports head 4 and its panic",
    ({ status }) => status?.accepted?.serial === 4 && status.panic?.serial === 4 && status.problem === null,
  );
  await expectOn("b");
  const { code, stderr } = await deployWorld(fleet, "d");
  expect(code, stderr).toBe(0);
  await expectOn("d");
  await operator.waitNodes("every node is settled on head 5", ({ status }) => status?.accepted?.serial === 5);
});

test("of two operators at once one goes on, the other stops before the fleet is split, and what he runs again undoes nothing", async () => {
  await hub("stop");
  const ws = fleet.lab.host("ws");
  // A colleague with the same keys, on a machine that has seen the fleet.
  await ws.runChecked(["mkdir", "-p", homeOf("ben")]);
  await ws.runChecked(["cp", "-a", "/root/.config", "/root/.local", homeOf("ben")]);
  const changes = [
    { label: "e", nodes: ["n1"], args: ["--over", "ssh", "--receipts", "/root/e.json"] },
    { label: "f", nodes: ["n2"], args: ["--over", "ssh", "--receipts", "/root/f.json"], person: "ben" },
  ] as const;
  const deploy = ({ label, ...options }: (typeof changes)[number], ...more: string[]) =>
    deployWorld(fleet, label, { ...options, args: [...options.args, ...more] });
  // Built before, so that both come to the nodes at the same time.
  for (const change of changes) expect(await deploy(change, "--dry-run")).toMatchObject({ code: 0 });
  const both = await Promise.all(changes.map((change) => deploy(change)));
  const said = JSON.stringify(both);
  expect(
    both.map(({ code }) => code).toSorted((a, b) => a - b),
    said,
  ).toEqual([0, 65]);
  const lost = both.findIndex(({ code }) => code === 65);
  expect(both[lost]?.stderr).toMatch(/Run this again: .* \[order-(?:stale|equivocation)\]/u);
  const loser = changes[lost];
  if (loser === undefined) throw new Error(said);
  const again = await deploy(loser);
  expect(again.code, again.stdout + again.stderr).toBe(0);
  await expectOn("e", ["n1"]);
  await expectOn("f", ["n2"]);
});
