// A deployment whose operator is killed, and whose line is cut: what runs on the nodes goes on, and all of it is seen from anywhere.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf, waitFailed } from "../fleet/fleet-stage.ts";
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
  fleet = await startFleet({ nodes: nodes.length, leads: ["n1"], probationSeconds: 5, watchers: ["desk"] });
  const { code, stderr } = await deployWorld(fleet, "a");
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await story.save("attach.txt");
  await downUnlessInUse();
});

const host = (name: string) => fleet.lab.host(name);
const ws = () => host("ws");
const read = async (file: string, on = "ws"): Promise<string> => (await host(on).run(["cat", file])).stdout;
const sum = async (on: string, file: string): Promise<string> =>
  (await host(on).runChecked(["sha256sum", file])).split(" ")[0] ?? "";
const line = (on: string, state: "up" | "down") => host(on).runChecked(["ip", "link", "set", "host0", state]);

interface Begun {
  on: string;
  words: string;
  log: string;
  err: string;
  pid(): Promise<number>;
  result: Promise<HostRunResult>;
}

/** Goes on while the test does; its output is in files, and its process is known. */
function begin(name: string, words: string, on = "ws"): Begun {
  const [log, err] = [`/root/${name}.log`, `/root/${name}.err`];
  const script = `echo $$ > /root/${name}.pid; exec ${words} > ${log} 2> ${err}`;
  return {
    on,
    words,
    log,
    err,
    result: host(on).run(["sh", "-c", script], { timeoutMs: 300_000 }),
    pid: async () =>
      Number(await waitUntil(`pid of ${name}`, () => read(`/root/${name}.pid`, on), { timeoutMs: 10_000 })),
  };
}

/** What one of its files says as soon as that fits. */
const says = ({ on, words, ...files }: Begun, which: "log" | "err", wanted: RegExp): Promise<string> =>
  waitUntil(
    `${on}$ ${words}: ${wanted}`,
    async () => {
      const text = await read(files[which], on);
      return wanted.test(text) && text;
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );

/** Its end, which goes into the transcript; of a deployment without how it was built and sent. */
async function told(begun: Begun, stderr?: string): Promise<number> {
  const { code } = await begun.result;
  const { on, words, log, err } = begun;
  story.add(on, words, { code, stdout: await read(log, on), stderr: stderr ?? (await read(err, on)) });
  return code;
}

async function stage(label: string): Promise<string> {
  const specs = nodes.map(
    (node) => [node, fleet.node(node, { label, version: fleet.versions.first })] as const,
  );
  return fleet.stageWorld(label, Object.fromEntries(specs));
}

const Sessions = z.object({
  sessions: z.array(z.looseObject({ node: z.string(), name: z.string(), kind: z.string(), bytes: z.int() })),
});

const record = (serial: number) => `/var/lib/chimera/log/rollout-0-${serial}.log`;

test("killed with -9 and cut off: all of the rollout is seen from another machine, and here again, byte for byte", async () => {
  const folder = await stage("b");
  story.note("A deployment in waves, whose CLI is killed as soon as the head is out.");
  const deploy = begin(
    "deploy",
    `chimera deploy --file ${folder}/chimera.toml --waves n3,rest --probation 20`,
  );
  await says(deploy, "log", /^session rollout-2: /mu);
  await ws().runChecked(["kill", "-9", String(await deploy.pid())]);
  expect(await told(deploy, "")).toBe(137);

  story.note("Attached anew; then the operator's network is cut, and stays so until wave 2.");
  const watching = begin("rollout", "chimera attach rollout");
  await says(watching, "log", /\n/u);
  await line("ws", "down");
  await says(watching, "err", /trying again/u);
  story.add("ws", "chimera sessions", await operatorOf(fleet.lab).run(["sessions"]));

  story.note(
    "Meanwhile on another machine, by somebody who may only read: over NATS, and over the controller.",
  );
  const other = begin("rollout", "chimera attach --record /root/rollout.cast rollout", "desk");
  const web = begin("web", "chimera attach -c web rollout", "desk");
  await says(web, "log", /^[^]*wave 1 of 2: n3\n/u);
  await says(other, "log", /wave 2 of 2: n1, n2\n/u);
  expect(await read(watching.log)).not.toMatch(/wave 2/u);
  await line("ws", "up");
  for (const one of [other, web]) expect(await told(one), await read(one.err, one.on)).toBe(0);
  story.note("And the one who was cut off.");
  expect(await told(watching), await read(watching.err)).toBe(0);

  const listed = Sessions.parse(JSON.parse(await operatorOf(fleet.lab).ok(["sessions", "--all", "--json"])));
  story.add("ws", "chimera sessions --all", await operatorOf(fleet.lab).run(["sessions", "--all"]));
  const rollout = listed.sessions.find(({ name }) => name === "rollout-2");
  expect(rollout).toMatchObject({ node: "n1", kind: "rollout" });
  for (const node of nodes) expect((await pointersOf(host(node))).current).toMatch(/-b$/u);

  story.note("Once more, after its end: the same bytes, as the node recorded them.");
  const again = await operatorOf(fleet.lab).run(["attach", "rollout"]);
  expect(again.code, again.stderr).toBe(0);
  await ws().run(["sh", "-c", "cat > /root/again.log"], { input: again.stdout });
  expect(again.stdout.length).toBeGreaterThan(100);
  const files = { ws: ["rollout.log", "again.log"], desk: ["rollout.log", "web.log"], n1: [record(2)] };
  for (const [on, names] of Object.entries(files)) {
    const words = ["sha256sum", ...names];
    story.add(on, words.join(" "), await host(on).run(["env", "-C", "/root", ...words]));
    for (const name of names)
      expect(await sum(on, resolve("/root", name)), `${on}: ${name}`).toBe(await sum("n1", record(2)));
  }
  await mkdir(kept, { recursive: true });
  await writeFile(join(kept, "attach.cast"), await read("/root/rollout.cast", "desk"));
});

test("of a node that is gone its last output is shown, and the rest when it is back; a stopped deploy harms nothing", async () => {
  const folder = await stage("c");
  const deploy = begin(
    "stopped",
    `chimera deploy --file ${folder}/chimera.toml --waves n3,rest --probation 20`,
  );
  await says(deploy, "log", /^session rollout-3: /mu);
  const pid = String(await deploy.pid());
  await ws().runChecked(["kill", "-STOP", pid]);
  await waitUntil(
    "pages of the rollout",
    async () => {
      const { sessions } = Sessions.parse(JSON.parse(await operatorOf(fleet.lab).ok(["sessions", "--json"])));
      return sessions.some(({ name, bytes }) => name === "rollout-3" && bytes > 0);
    },
    { timeoutMs: 60_000, everyMs: 300 },
  );
  await new Promise((after) => setTimeout(after, 2_000));
  await line("n1", "down");
  const gone = begin("gone", "chimera attach n1/rollout-3");
  const said = await says(gone, "err", /waiting for it/u);
  expect(said).toMatch(/n1 does not answer: this is what n1 left of it, up to 20/u);
  expect(await read(gone.log)).not.toBe("");
  await line("n1", "up");
  const { code } = await gone.result;
  expect(code, await read(gone.err)).toBe(0);
  expect(await sum("ws", gone.log)).toBe(await sum("n1", record(3)));

  const before = await read(deploy.log);
  expect(before).not.toMatch(/committed head/u);
  await ws().runChecked(["kill", "-CONT", pid]);
  const continued = await deploy.result;
  expect(continued.code, await read(deploy.err)).toBe(0);
  expect(await read(deploy.log)).toMatch(/^all 3 nodes committed head 3 in /mu);
});

test("of what failed while its deploy was stopped the deploy tells, and a rollback that is killed goes back all the same", async () => {
  const specs = nodes.map((node) => {
    const changes = node === "n2" ? ({ fault: "exit4" } as const) : {};
    return [node, fleet.node(node, { label: "d", version: fleet.versions.first, changes })] as const;
  });
  const folder = await fleet.stageWorld("d", Object.fromEntries(specs));
  const deploy = begin("failing", `chimera deploy --file ${folder}/chimera.toml --no-waves`);
  await says(deploy, "log", /^published head 4/mu);
  const pid = String(await deploy.pid());
  await ws().runChecked(["kill", "-STOP", pid]);
  await isAt({ n1: "d", n2: "c", n3: "d" });
  await waitFailed(fleet, ["n2"]);
  await ws().runChecked(["kill", "-CONT", pid]);
  expect((await deploy.result).code).toBe(70);
  expect(await read(deploy.err)).toMatch(/n2/u);

  const back = begin("back", "chimera rollback --no-waves");
  await says(back, "log", /^published head 5/mu);
  await ws().runChecked(["kill", "-9", String(await back.pid())]);
  expect((await back.result).code).toBe(137);
  await isAt({ n1: "c", n2: "c", n3: "c" });
});

async function isAt(labels: Record<string, string>): Promise<void> {
  const entries = Object.entries(labels);
  await waitUntil(
    JSON.stringify(labels),
    async () => {
      const looks = entries.map(async ([node, label]) => {
        const { current, bootDefault } = await pointersOf(host(node));
        return [current, bootDefault].every((path) => path.endsWith(`-${label}`));
      });
      return (await Promise.all(looks)).every(Boolean);
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
}
