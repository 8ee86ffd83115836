// `chimera exec` on real machines: with one that does not allow it, one that is cut off, and nobody left who watches.
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { PastDocuments } from "@chimera/proto/past-api";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { Order } from "@chimera/proto/signed/order";
import { callerOf } from "../attacks/scene.ts";
import { agentPid, deployWorld, type WorldOptions } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import type { HostRunResult } from "../lab/host/host-run.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
const allowed = ["n1", "n2"] as const;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 3, probationSeconds: 2 });
  await deployed("open", { nodes: allowed, agentConfig: { allowExec: true } });
  await deployed("shut", { nodes: ["n3"] });
});
afterAll(() => downUnlessInUse());

async function deployed(label: string, options: WorldOptions): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label, options);
  expect(code, stdout + stderr).toBe(0);
}

const exec = (...args: string[]): Promise<HostRunResult> =>
  operatorOf(fleet.lab).run(["exec", ...args], { timeoutMs: 180_000 });
const shell = (node: string, script: string) => fleet.lab.host(node).runChecked(["sh", "-c", script]);
const lines = ({ stdout }: HostRunResult) => stdout.trim().split("\n").toSorted();

const Report = z.object({
  order: z.string(),
  results: z.array(z.looseObject({ node: z.string(), kind: z.string(), output: z.string().nullable() })),
});

test("it runs as root on every node that allows it, and the one that does not says so", async () => {
  const ran = await exec("--all", "--", "sh", "-c", "id -u; hostname");
  expect(lines(ran)).toEqual(["n1 | 0", "n1 | n1", "n2 | 0", "n2 | n2"]);
  expect(ran.code, ran.stderr).toBe(77);
  expect(ran.stderr).toMatch(/n3 refused: exec-forbidden: .*allowExec/u);
  expect((await shell("n3", "ls /var/lib/chimera/sessions || true")).trim()).not.toContain("exec-");
});

test("codes are gathered, and no shell reads the words", async () => {
  const ran = await exec(
    "--on",
    ...allowed,
    "--",
    "sh",
    "-c",
    'echo "$1"; exit $(hostname | tr -dc 0-9)',
    "sh",
    "$HOME; `id`",
  );
  expect(ran.code).toBe(1);
  expect(lines(ran)).toEqual(["n1 | $HOME; `id`", "n2 | $HOME; `id`"]);
  expect(ran.stderr).toMatch(/ended with 1: n1/u);
  expect(ran.stderr).toMatch(/ended with 2: n2/u);
  const missing = await exec("--on", "n1", "--", "no-such-program");
  expect(missing.code, missing.stderr).toBe(127);
});

/** Begun on ws by somebody whose program can be killed; answers the id that it printed. */
async function begin(name: string, args: readonly string[]): Promise<string> {
  const ws = fleet.lab.host("ws");
  const log = `/root/${name}.err`;
  await ws.runChecked([
    "systemd-run",
    `--unit=${name}`,
    "--setenv=HOME=/root",
    `--property=StandardError=file:${log}`,
    "chimera",
    "exec",
    ...args,
  ]);
  return waitUntil(
    "the order's id",
    async () => /--resume ([0-9a-f]{12})/u.exec(await ws.runChecked(["sh", "-c", `cat ${log} || true`]))?.[1],
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

async function killed(name: string): Promise<void> {
  await fleet.lab.host("ws").runChecked(["systemctl", "kill", "-s", "KILL", `${name}.service`]);
}

const counting = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; sleep 0.2; done; exit 7";
const counted = Array.from({ length: 40 }, (_, i) => `line ${i + 1}\n`).join("");

test("killed with -9, and with the agent killed too, it goes on; all of it is gathered afterwards", async () => {
  const id = await begin("exec-killed", ["--on", ...allowed, "--", "sh", "-c", counting]);
  const log = `/var/lib/chimera/sessions/exec-${id}`;
  await waitUntil("it runs", async () => (await fleet.lab.host("n1").run(["test", "-d", log])).code === 0, {
    timeoutMs: 30_000,
    everyMs: 100,
  });
  await killed("exec-killed");
  await fleet.lab.host("n1").runChecked(["kill", "-9", `${await agentPid(fleet.lab.host("n1"))}`]);
  const resumed = await exec("--resume", id, "--json");
  expect(resumed.code, resumed.stderr).toBe(1);
  const { results } = Report.parse(JSON.parse(resumed.stdout));
  for (const node of allowed) {
    const result = results.find((one) => one.node === node);
    expect(result, node).toMatchObject({ kind: "exited", code: 7, output: counted });
    expect(await shell(node, `cat ${log}/output.log`), node).toBe(counted);
  }
});

async function sentOrder(id: string): Promise<Envelope> {
  const call = await callerOf(fleet);
  const { orders } = PastDocuments.parse((await call("GET", "/v1/documents")).json);
  const found = orders.find(({ envelope }) => {
    const { action } = parsePayload(payloadOf(envelope, "order"), Order);
    return action.kind === "exec" && action.argv.includes(id);
  });
  if (found === undefined) throw new Error("the store does not have the order");
  return found.envelope;
}

test("an order that is sent again does nothing, whoever sends it, also after the agent's restart", async () => {
  const mark = "echo once >> /root/marks";
  const ran = await exec("--on", "n1", "--expires", "10m", "--", "sh", "-c", mark, "replay-me");
  expect(ran.code, ran.stderr).toBe(0);
  const envelope = await sentOrder("replay-me");
  const call = await callerOf(fleet);
  for (let round = 0; round < 3; round += 1) {
    await call("POST", "/v1/orders", { envelope });
    if (round > 0) continue;
    const before = await agentPid(fleet.lab.host("n1"));
    await fleet.lab.host("n1").runChecked(["kill", "-9", `${before}`]);
    await waitUntil(
      "another agent",
      async () => {
        const pid = await agentPid(fleet.lab.host("n1"));
        return pid !== undefined && pid !== before && pid;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  }
  expect(await shell("n1", "cat /root/marks")).toBe("once\n");
});

test("what ignores SIGTERM is killed by its node when its time is over, with nobody there to see it", async () => {
  const stubborn = "trap '' TERM; echo begun; while :; do sleep 0.2; done";
  const id = await begin("exec-stubborn", ["--on", "n1", "--timeout", "2s", "--", "sh", "-c", stubborn]);
  await killed("exec-stubborn");
  const unit = `chimera-session-exec-${id}.service`;
  await waitUntil(
    "its end",
    async () => (await fleet.lab.host("n1").run(["systemctl", "is-active", unit])).stdout.trim() !== "active",
    { timeoutMs: 30_000, everyMs: 200 },
  );
  const resumed = await exec("--resume", id);
  expect(resumed.code, resumed.stderr).toBe(1);
  expect(resumed.stdout).toContain("begun");
  expect(resumed.stderr).toMatch(/ended by SIGKILL \(it ran longer than/u);
});

async function cut(node: string, seconds: number): Promise<void> {
  const script = `dev=$(ip -o -4 route show | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -1); ip link set "$dev" down; sleep ${seconds}; ip link set "$dev" up`;
  await fleet.lab.host(node).runChecked(["systemd-run", `--unit=cut-${Date.now()}`, "sh", "-c", script]);
}

test("a node that is cut off is named; back within the order's time it runs it, after that it does not", async () => {
  await cut("n2", 12);
  const late = exec(
    "--on",
    ...allowed,
    "--expires",
    "90s",
    "--",
    "sh",
    "-c",
    "echo here >> /root/late; echo here",
  );
  const ran = await late;
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(/n2 does not answer: it begins only if it does before/u);
  expect(lines(ran)).toEqual(["n1 | here", "n2 | here"]);
  expect(await shell("n2", "cat /root/late")).toBe("here\n");
  await cut("n2", 40);
  const never = await exec(
    "--on",
    ...allowed,
    "--expires",
    "5s",
    "--",
    "sh",
    "-c",
    "echo never >> /root/never",
  );
  expect(never.code, never.stderr).toBe(75);
  expect(never.stderr).toMatch(/nobody heard of it: n2/u);
  await operatorOf(fleet.lab).waitNodes("n2 is heard again", ({ beat }) => beat !== null, 120_000);
  await waitUntil("n2 answers", async () => (await exec("--on", "n2", "--", "true")).code === 0, {
    timeoutMs: 120_000,
    everyMs: 1000,
  });
  expect(await shell("n2", "cat /root/never 2>/dev/null || true")).toBe("");
});

test("of two that wait for each other's turn the second begins when the first is over, with nobody there", async () => {
  const id = await begin("exec-paced", [
    "--on",
    ...allowed,
    "--max-parallel",
    "1",
    "--",
    "sh",
    "-c",
    "date +%s%N > /root/begun; sleep 2; date +%s%N > /root/over",
  ]);
  await killed("exec-paced");
  const resumed = await exec("--resume", id);
  expect(resumed.code, resumed.stderr).toBe(0);
  const [over, begun] = [await shell("n1", "cat /root/over"), await shell("n2", "cat /root/begun")];
  expect(BigInt(begun.trim())).toBeGreaterThan(BigInt(over.trim()));
});
