// A deployment whose operator is killed, and whose line is cut: what runs on the nodes goes on, and all of it is seen from anywhere.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { startTranscript } from "../fleet/transcript.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { HostRunResult } from "../lab/host/host-run.ts";
import { waitUntil } from "../lab/wait-until.ts";

const nodes = ["n1", "n2", "n3"];
const kept = resolve(import.meta.dirname, "../../.vitest");
const story = startTranscript();
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ nodes: nodes.length, leads: ["n1"], probationSeconds: 5 });
  const { code, stderr } = await deployWorld(fleet, "a");
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await story.save("attach.txt");
  await downUnlessInUse();
});

const ws = () => fleet.lab.host("ws");
const read = async (file: string): Promise<string> => (await ws().run(["cat", file])).stdout;
const sum = async (host: string, file: string): Promise<string> =>
  (await fleet.lab.host(host).runChecked(["sha256sum", file])).split(" ")[0] ?? "";

/** Goes on while the test does; says its process first. */
function begin(name: string, line: string): { pid: () => Promise<number>; result: Promise<HostRunResult> } {
  const script = `echo $$ > /root/${name}.pid; exec ${line}`;
  const result = ws().run(["sh", "-c", script], { timeoutMs: 300_000 });
  return {
    result,
    pid: async () =>
      Number(await waitUntil(`pid of ${name}`, () => read(`/root/${name}.pid`), { timeoutMs: 10_000 })),
  };
}

const until = (what: string, file: string, wanted: RegExp): Promise<string> =>
  waitUntil(
    what,
    async () => {
      const text = await read(file);
      return wanted.test(text) && text;
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );

async function stage(label: string): Promise<string> {
  const specs = nodes.map(
    (node) => [node, fleet.node(node, { label, version: fleet.versions.first })] as const,
  );
  return fleet.stageWorld(label, Object.fromEntries(specs));
}

const Sessions = z.object({
  sessions: z.array(z.looseObject({ node: z.string(), name: z.string(), kind: z.string(), bytes: z.int() })),
});

test("killed with -9 and cut off, the operator finds all of the rollout again, byte for byte", async () => {
  const folder = await stage("b");
  const words = `chimera deploy --file ${folder}/chimera.toml --waves n3,rest --probation 20`;
  story.note("A deployment in waves, whose CLI is killed as soon as the head is out.");
  const deploy = begin("deploy", `${words} > /root/deploy.log 2> /root/deploy.err`);
  await until("a head", "/root/deploy.log", /^session rollout-2: /mu);
  await ws().runChecked(["kill", "-9", String(await deploy.pid())]);
  const { code } = await deploy.result;
  story.add("ws", words, { code, stdout: await read("/root/deploy.log"), stderr: "" });
  expect(code).toBe(137);

  story.note("Attached anew; then the operator's network is cut for a quarter of a minute.");
  const attach = "chimera attach --record /root/rollout.cast rollout";
  const watching = begin("attach", `${attach} > /root/rollout.log 2> /root/rollout.err`);
  await until("the first lines", "/root/rollout.log", /\n/u);
  await ws().runChecked(["ip", "link", "set", "host0", "down"]);
  await until("what attach says of that", "/root/rollout.err", /trying again/u);
  await new Promise((after) => setTimeout(after, 5_000));
  await ws().runChecked(["ip", "link", "set", "host0", "up"]);
  await until("what attach says of that", "/root/rollout.err", /answers again/u);
  const watched = await watching.result;
  story.add("ws", attach, {
    code: watched.code,
    stdout: await read("/root/rollout.log"),
    stderr: await read("/root/rollout.err"),
  });
  expect(watched.code, await read("/root/rollout.err")).toBe(0);

  const listed = Sessions.parse(JSON.parse(await operatorOf(fleet.lab).ok(["sessions", "--all", "--json"])));
  story.add("ws", "chimera sessions --all", await operatorOf(fleet.lab).run(["sessions", "--all"]));
  const rollout = listed.sessions.find(({ name }) => name === "rollout-2");
  expect(rollout).toMatchObject({ node: "n1", kind: "rollout" });
  const record = "/var/lib/chimera/log/rollout-0-2.log";
  expect(await sum("ws", "/root/rollout.log")).toBe(await sum("n1", record));
  expect((await read("/root/rollout.log")).length).toBeGreaterThan(100);
  for (const node of nodes) expect((await pointersOf(fleet.lab.host(node))).current).toMatch(/-b$/u);

  story.note("Once more, after its end: the same bytes, as the node recorded them.");
  const again = await operatorOf(fleet.lab).run(["attach", "rollout"]);
  expect(again.code, again.stderr).toBe(0);
  await ws().run(["sh", "-c", "cat > /root/again.log"], { input: again.stdout });
  expect(await sum("ws", "/root/again.log")).toBe(await sum("n1", record));
  const sums = await ws().run(["sha256sum", "/root/rollout.log", "/root/again.log"]);
  story.add("ws", "sha256sum rollout.log again.log", sums);
  story.add("n1", `sha256sum ${record}`, await fleet.lab.host("n1").run(["sha256sum", record]));
  await mkdir(kept, { recursive: true });
  await writeFile(join(kept, "attach.cast"), await read("/root/rollout.cast"));
});

test("of a node that is gone its last output is shown, and the rest when it is back", async () => {
  const folder = await stage("c");
  const words = [
    "deploy",
    "--file",
    `${folder}/chimera.toml`,
    "--waves",
    "n3,rest",
    "--probation",
    "20",
    "--no-follow",
  ];
  await operatorOf(fleet.lab).ok(words);
  await waitUntil(
    "pages of the rollout",
    async () => {
      const { sessions } = Sessions.parse(JSON.parse(await operatorOf(fleet.lab).ok(["sessions", "--json"])));
      return sessions.some(({ name, bytes }) => name === "rollout-3" && bytes > 0);
    },
    { timeoutMs: 60_000, everyMs: 300 },
  );
  await new Promise((after) => setTimeout(after, 2_000));
  await fleet.lab.host("n1").runChecked(["ip", "link", "set", "host0", "down"]);
  const gone = begin("gone", "chimera attach n1/rollout-3 > /root/gone.log 2> /root/gone.err");
  const said = await until("what it left", "/root/gone.err", /waiting for it/u);
  expect(said).toMatch(/n1 does not answer: this is what n1 left of it, up to 20/u);
  expect(await read("/root/gone.log")).not.toBe("");
  await fleet.lab.host("n1").runChecked(["ip", "link", "set", "host0", "up"]);
  const { code } = await gone.result;
  expect(code, await read("/root/gone.err")).toBe(0);
  expect(await sum("ws", "/root/gone.log")).toBe(await sum("n1", "/var/lib/chimera/log/rollout-0-3.log"));
});
