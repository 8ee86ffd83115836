// Sessions on a real node: agents come and go, the tmux server dies, the machine does; and nothing of what ran is lost without a word.
import { randomBytes } from "node:crypto";
import { NodeName } from "@chimera/proto/names";
import { SessionAnswered } from "@chimera/proto/sessions/order-answer";
import { execSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, seal } from "@chimera/proto/signed/envelope";
import { Order } from "@chimera/proto/signed/order";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentPid, deployWorld, waitView } from "../fleet/fleet-stage.ts";
import { operatorKey } from "../fleet/operator-keys.ts";
import { operatorOf } from "../fleet/operator.ts";
import { openRawSessions, type RawSessions } from "../fleet/raw-sessions.ts";
import { openRawStore, type RawStore } from "../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let store: RawStore;
let sessions: RawSessions;

const agentConfig = { allowExec: true };

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  const first = await waitView(fleet, "n1", ({ status }) => status !== null);
  const { code, stderr } = await deployWorld(fleet, "a", { agentConfig });
  if (code !== 0) throw new Error(stderr);
  // An agent leaves for one that reads the new configuration.
  await waitView(
    fleet,
    "n1",
    ({ status }) => status !== null && status.agent.startedAt !== first.status?.agent.startedAt,
  );
  store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  sessions = await openRawSessions(fleet.lab, { fleetId: fleet.facts.fleetId, node: "n1" });
});
afterAll(async () => {
  await sessions?.close();
  await store?.close();
  await downUnlessInUse();
});

interface Wish extends Partial<Pick<ExecAction, "copies" | "output" | "timeoutSeconds">> {
  script: string;
}

/** Signed as an operator does; answers the sessions' names once the node has said that they run. */
async function start({
  script,
  copies = 1,
  output = "log",
  timeoutSeconds = 600,
}: Wish): Promise<SessionName[]> {
  const now = Date.now();
  const order = Order.parse({
    v: 1,
    kind: "order",
    fleetId: fleet.facts.fleetId,
    nonce: randomBytes(16).toString("hex"),
    nodes: [NodeName.parse("n1")],
    createdAt: new Date(now).toISOString(),
    notAfter: new Date(now + 60_000).toISOString(),
    author: "ops@ws",
    reason: "a scenario",
    action: { kind: "exec", argv: ["sh", "-c", script], copies, output, timeoutSeconds, atOnce: null },
  });
  const envelope = seal("order", order, [await operatorKey("order")]);
  const answer = await store.order("n1", envelope);
  if (!("shown" in answer)) throw new Error(`n1 answers ${JSON.stringify(answer)}`);
  const said = SessionAnswered.parse(JSON.parse(payloadOf(answer.shown, "answer").toString("utf8")));
  if (said.answer.kind !== "started" || said.answer.failed !== null)
    throw new Error(`n1 answers ${JSON.stringify(said.answer).slice(-500)}`);
  const names = execSessions(sha256(Buffer.from(envelope.payload, "base64")), { copies });
  for (const name of names) await waitFacts(name, () => true);
  return names;
}

async function startOne(wish: Wish): Promise<SessionName> {
  const [name] = await start(wish);
  if (name === undefined) throw new Error("no session");
  return name;
}

async function waitFacts(
  name: SessionName,
  condition: (facts: SessionFacts) => boolean,
  timeoutMs = 60_000,
): Promise<SessionFacts> {
  let last: SessionFacts | null = null;
  const look = async () => {
    last = await sessions.facts(name);
    return last !== null && condition(last) && last;
  };
  try {
    return await waitUntil(`${name} as expected`, look, { timeoutMs });
  } catch (cause) {
    throw new Error(`last facts of ${name}: ${JSON.stringify(last)}`, { cause });
  }
}

const over = ({ state }: SessionFacts): boolean => state !== "running";

async function anotherAgent(than: number | undefined): Promise<number> {
  return waitUntil(
    "another agent",
    async () => {
      const pid = await agentPid(node);
      return pid !== than && pid;
    },
    { timeoutMs: 60_000 },
  );
}

const unitsOfSessions = async (): Promise<string> =>
  node.runChecked(["systemctl", "list-units", "--all", "--plain", "--no-legend", "chimera-session-exec-*"]);

test("commands have the codes with which they ended, and systemd keeps nothing of them", async () => {
  const [good, bad] = await Promise.all([
    startOne({ script: "echo fine" }),
    startOne({ script: "echo no >&2; exit 7" }),
  ]);
  expect(await waitFacts(good, over)).toMatchObject({ state: "ended", exitCode: 0, bytes: 5 });
  expect(await waitFacts(bad, over)).toMatchObject({ state: "ended", exitCode: 7, bytes: 3 });
  await waitUntil("no unit is left", async () => (await unitsOfSessions()) === "", { timeoutMs: 10_000 });
});

test("an agent that is killed, and one that is renewed, lose none; codes are right also of those that ended meanwhile", async () => {
  const meanwhile = await startOne({ script: "sleep 1; exit 3" });
  const long = await startOne({ script: "sleep 25; exit 4" });
  const shown = await startOne({ script: "sleep 25; exit 5", output: "terminal" });
  const first = await agentPid(node);
  await node.runChecked(["kill", "-KILL", `${first ?? 0}`]);
  const second = await anotherAgent(first);
  expect(await waitFacts(meanwhile, over)).toMatchObject({ state: "ended", exitCode: 3 });
  expect((await sessions.facts(long))?.state).toBe("running");
  const { code, stderr } = await deployWorld(fleet, "b", { version: fleet.versions.next, agentConfig });
  expect(code, stderr).toBe(0);
  const third = await anotherAgent(second);
  expect(third).not.toBe(second);
  await waitView(fleet, "n1", ({ status }) => status?.agent.version === fleet.versions.next);
  expect(await waitFacts(long, over)).toMatchObject({ state: "ended", exitCode: 4 });
  expect(await waitFacts(shown, over)).toMatchObject({ state: "ended", exitCode: 5 });
});

test("with the tmux server goes what is in a terminal and heeds that; all else goes on, and each is said", async () => {
  const log = await startOne({ script: "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done; exit 6" });
  const heeds = await startOne({ script: "sleep 60", output: "terminal" });
  const ignores = await startOne({ script: "trap '' HUP; sleep 12; exit 8", output: "terminal" });
  const before = await agentPid(node);
  const server = (
    await node.runChecked(["tmux", "-N", "-S", "/run/chimera/tmux.sock", "display-message", "-p", "#{pid}"])
  ).trim();
  await node.runChecked(["kill", "-KILL", server]);
  await anotherAgent(before);
  expect(await waitFacts(heeds, over)).toMatchObject({ state: "ended", signal: "SIGHUP" });
  const seen = await waitFacts(ignores, ({ note }) => note !== undefined);
  expect(seen).toMatchObject({ state: "running", note: expect.stringContaining("lost in tmux") });
  expect(await waitFacts(log, over)).toMatchObject({ state: "ended", exitCode: 6, bytes: 16 });
  expect(await waitFacts(ignores, over)).toMatchObject({ state: "ended", exitCode: 8 });
});

test("one that does not heed SIGTERM is killed when its time is over", async () => {
  const deaf = await startOne({ script: "trap '' TERM; while :; do sleep 0.2; done", timeoutSeconds: 2 });
  expect(await waitFacts(deaf, over)).toMatchObject({
    signal: "SIGKILL",
    note: expect.stringContaining("2000 ms"),
  });
});

test("a gigabyte that somebody watches on a line that stands still fills neither the agent nor the disk", async () => {
  const flood = await startOne({ script: "yes 'a line of output that nobody reads' | head -c 1000000000" });
  const watched = await sessions.watch(flood);
  const facts = await waitFacts(flood, over, 180_000);
  expect(facts).toMatchObject({ exitCode: 0, bytes: 1_000_000_000 });
  expect(facts.dropped).toBeGreaterThan(900_000_000);
  watched.end();
  expect(watched.frames.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(2 << 20);
  const status = await node.runChecked(["cat", `/proc/${(await agentPid(node)) ?? 0}/status`]);
  const highest = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  expect(highest).toBeLessThan(100);
  const used = await node.runChecked(["du", "-sm", "/var/lib/chimera/sessions"]);
  expect(Number(used.split("\t")[0])).toBeLessThan(64);
});

test("names that mean something to others name no session", async () => {
  for (const session of ["a:b", "a.b", "a;b", "a\nb", "-a", "A", "", "x".repeat(300)]) {
    const view = { session, viewer: "0".repeat(32), seen: null, isOver: false };
    expect(await sessions.refusal({ v: 1, view }), session).toMatchObject({ code: "input-invalid" });
  }
});

test.each(["log", "terminal"] as const)(
  "125 commands at once each have their own session, output %s",
  async (output) => {
    const before = await agentPid(node);
    const names = await start({ script: "exit $CHIMERA_COPY", copies: 125, output });
    const ends = await Promise.all(names.map((name) => waitFacts(name, over, 120_000)));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(names.map((_, index) => index + 1));
    expect(await agentPid(node)).toBe(before);
  },
);

test("after a restart of the machine what ran is lost, and the fleet is told", async () => {
  const plain = await startOne({ script: "sleep 600" });
  const shown = await startOne({ script: "sleep 600", output: "terminal" });
  await node.powerCut();
  await node.boot();
  for (const name of [plain, shown]) {
    const facts = await waitFacts(name, over);
    expect(facts).toMatchObject({
      state: "lost",
      exitCode: null,
      note: expect.stringContaining("restarted"),
    });
  }
  const told = await waitUntil(
    "the alarm",
    async () => {
      const said = await operatorOf(fleet.lab).ok([
        "timeline",
        "--since",
        "10m",
        "--node",
        "n1",
        "--kind",
        "all",
      ]);
      return said.includes(`session ${plain}`) && said;
    },
    { timeoutMs: 30_000, everyMs: 500 },
  );
  expect(told).toContain(`session ${shown}`);
});
