// Every way of changing /etc by hand, on a node with its agent, in both layouts: what was told, and when it was as before.
import { NodeEvent } from "@chimera/proto/event";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { agentPid, deployWorld, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { tamperFiles, tamperLinks } from "../fleet/fleet-systems.ts";
import { operatorOf } from "../fleet/operator.ts";
import { nodeBinary, runProbe } from "../fleet/run-probe.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { KindTrial, type EtcLayoutName } from "../probe/etc-kinds.ts";

let fleet: Fleet;
let node: Host;

/** Short, since attributes and /etc/.clean are found by the sweep alone. */
const sweepSeconds = 3;
const Drifts = z.looseObject({ reverted: z.array(NodeEvent) });
const told = async (): Promise<NodeEvent[]> =>
  Drifts.parse(JSON.parse(await operatorOf(fleet.lab).ok(["drift", "n1", "--limit", "1000", "--json"])))
    .reverted;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  await deployDrift();
});
afterAll(() => downUnlessInUse());

async function deployDrift(): Promise<void> {
  const agentConfig = { drift: { mode: "revert", sweepSeconds, classes: { mounts: "revert" } } };
  const { code, stderr } = await deployWorld(fleet, "drift", { agentConfig });
  if (code !== 0) throw new Error(`the deployment: ${stderr}`);
  await waitView(fleet, "n1", ({ status }) => status?.state === "committed");
}

async function tamper(layout: EtcLayoutName): Promise<KindTrial[]> {
  const before = new Set((await told()).map(({ id }) => id));
  const printed = await runProbe(node, {
    name: "tamper-kinds",
    input: {
      layout,
      links: tamperLinks.map((path) => `/etc/${path}`),
      files: tamperFiles.map((path) => `/etc/${path}`),
      folder: "/etc/lab",
      timeoutMs: 15_000,
    },
    timeoutMs: 300_000,
  });
  const trials = z.array(KindTrial).parse(
    printed
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line)),
  );
  const events = (await told()).filter(({ id }) => !before.has(id));
  for (const { what, path, ms } of trials)
    process.stdout.write(
      `| ${layout} | ${what} | ${path} | ${ms === null ? "not put back" : `${Math.ceil(ms)} ms`} |\n`,
    );
  const kinds = new Map<string, number>();
  for (const event of events)
    if (event.type === "drift-reverted")
      kinds.set(event.data.item.kind, (kinds.get(event.data.item.kind) ?? 0) + 1);
  process.stdout.write(
    `${layout}: told ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ")}\n`,
  );
  expect([...kinds.keys()]).toEqual(
    expect.arrayContaining(["content", "missing", "parent", "attributes", "covered", "mode", "owner"]),
  );
  return trials;
}

test("switches, ours and the first boot's, are no drift", async () => {
  expect(await told()).toEqual([]);
});

/** mmap(2) and read(2) by their numbers of x86_64: of bytes that go straight into a shared map the kernel tells nobody. */
const writeMapped = `
  open(my $f, "+<", $ARGV[0]) or die "open: $!";
  my $at = syscall(9, 0, 4096, 3, 1, fileno($f), 0);
  die "mmap: $!" if $at < 0;
  pipe(my $from, my $to);
  syswrite($to, "evil");
  syscall(0, fileno($from), $at, 4) == 4 or die "read: $!";`;

test(
  "what no watch tells of is put back within a minute by the usual sweep",
  { timeout: 300_000 },
  async () => {
    const { code, stderr } = await deployWorld(fleet, "usual", {
      agentConfig: { drift: { mode: "revert" } },
    });
    expect([code, stderr]).toEqual([0, expect.anything()]);
    await waitView(fleet, "n1", ({ status }) => {
      return (
        status?.state === "committed" && status.drift.watching === true && status.drift.sweepSeconds === 60
      );
    });
    const path = `/etc/${tamperFiles[0]}`;
    const before = await node.runChecked(["cat", path]);
    await node.runChecked(["perl", "-e", writeMapped, path]);
    expect(await node.runChecked(["cat", path])).toMatch(/^evil/u);
    const began = performance.now();
    const isBack = async () => (await node.runChecked(["cat", path])) === before;
    await waitUntil("the sweep", isBack, { timeoutMs: 63_000, everyMs: 250 });
    process.stdout.write(`${path} was put back after ${Math.round((performance.now() - began) / 1000)} s\n`);
    await deployDrift();
  },
);

test("in the classic layout all of it is put back, and told", { timeout: 300_000 }, async () => {
  const trials = await tamper("classic");
  expect(trials.filter(({ ms }) => ms === null)).toEqual([]);
  expect(trials.length).toBeGreaterThan(20);
});

test("in the overlay layout all of it is put back, and told", { timeout: 300_000 }, async () => {
  const binary = await nodeBinary(node);
  const agentBefore = (await viewOf(fleet, "n1")).status?.agent.startedAt;
  await node.runChecked(["systemctl", "stop", "chimera-sentinel", "chimera-watchdog.timer"]);
  await runProbe(node, { name: "mount-overlay", node: binary, input: {}, timeoutMs: 60_000 });
  await node.runChecked(["systemctl", "start", "chimera-sentinel", "chimera-watchdog.timer"]);
  await waitUntil("the agent", async () => (await agentPid(node)) !== undefined, { timeoutMs: 30_000 });
  // What the agent before said last still lies there.
  const { status } = await waitView(fleet, "n1", (view) => {
    return view.status?.agent.startedAt !== agentBefore && view.status?.drift.watching === true;
  });
  expect(status?.drift.open).toEqual([]);
  const trials = await tamper("overlay");
  expect(trials.filter(({ ms }) => ms === null)).toEqual([]);
  expect(trials.length).toBeGreaterThan(20);
});
