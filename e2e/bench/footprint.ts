// SHELL. Bench `footprint`: what Chimera costs a node at rest, and how fast the CLI answers.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Report } from "../lab/report.ts";
import type { Host } from "../lab/host/host.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import { withFleet } from "./bench-fleet.ts";
import { atMost, percentiles, type Figure } from "./figures.ts";

const idleSeconds = 60;
const cliRuns = 20;

/** Everything that the agent can look at and put back, on. */
const everything = {
  drift: {
    classes: { units: "revert", wrappers: "revert", mounts: "revert" },
    store: { mode: "revert" },
  },
};

export function footprint(report: Report): Promise<Figure[]> {
  const world = { agentConfig: everything, changes: { wrappers: true } };
  return withFleet(report, { nodes: 1, world }, (fleet) => measure(fleet, report));
}

async function measure(fleet: Fleet, report: Report): Promise<Figure[]> {
  const node = fleet.lab.host("n1");
  // What follows a switch (facts by systeminformation, the first sweep, the store's first walk) is not rest.
  await sleep(30_000);
  report(`${idleSeconds} idle seconds on n1`);
  const before = await sample(node);
  const spawns = await tasksStartedWhile(node, () => sleep(idleSeconds * 1000));
  const after = await sample(node);
  const cpu = (100 * (after.cpuSeconds - before.cpuSeconds)) / idleSeconds;
  report(`${cliRuns} starts of the CLI on ws`);
  const version = await timesOf(fleet.lab.host("ws"), ["--version"]);
  const status = await timesOf(fleet.lab.host("ws"), ["status"]);
  return [
    atMost("agent_rss_mb", after.rssKb / 1024, { unit: "MB", n: 1, bound: 100 }),
    atMost("agent_process_rss_mb", after.agentKb / 1024, {
      unit: "MB, the agent alone, with everything on",
      n: 1,
      bound: 80,
    }),
    atMost("agent_private_mb", after.privateKb / 1024, { unit: "MB", n: 1, bound: 45 }),
    atMost("agent_cpu_percent", cpu, { unit: "% of a core", n: 1, bound: 0.5 }),
    atMost("spawns_per_minute", (spawns * 60) / idleSeconds, {
      unit: "processes and threads",
      n: 1,
      bound: 0,
    }),
    percentiles("cli_version_ms", version, { unit: "ms", bounds: { p50: 80 } }),
    percentiles("cli_status_ms", status, { unit: "ms", bounds: { p50: 250 } }),
  ];
}

const Sample = z.object({
  rssKb: z.number(),
  agentKb: z.number(),
  privateKb: z.number(),
  cpuSeconds: z.number(),
});

/** Sums over every process of the sentinel's cgroup: tmux, supervisor, agent. */
const sampleScript = `
set -eu
ticks=$(getconf CLK_TCK)
for pid in $(cat /sys/fs/cgroup/system.slice/chimera-sentinel.service/cgroup.procs); do
  awk '/^Rss:/ { rss += $2 } /^Private/ { private += $2 } END { print rss, private }' "/proc/$pid/smaps_rollup"
  sed 's/.*) //' "/proc/$pid/stat" | awk -v ticks="$ticks" '{ print 0, 0, ($12 + $13 + $14 + $15) / ticks }'
done | awk -v agent="$(awk '/^Rss:/ { print $2 }' "/proc/$(cat /run/chimera/agent.pid)/smaps_rollup")" '
  { rss += $1; private += $2; cpu += $3 }
  END { printf "{\\"rssKb\\":%d,\\"agentKb\\":%d,\\"privateKb\\":%d,\\"cpuSeconds\\":%f}", rss, agent, private, cpu }'
`;

async function sample(node: Host): Promise<z.infer<typeof Sample>> {
  return Sample.parse(JSON.parse(await node.runChecked(["/bin/sh", "-c", sampleScript])));
}

/**
 * What anybody starts on the node meanwhile, threads too: the last process id of its own namespace moves by one for
 * each. What a look itself starts is found by looking twice in a row, and taken off.
 */
async function tasksStartedWhile(node: Host, rest: () => Promise<unknown>): Promise<number> {
  const pair = [await lastPid(node), await lastPid(node)];
  const first = pair[1] ?? 0;
  const lookCosts = first - (pair[0] ?? 0);
  await rest();
  return Math.max(0, (await lastPid(node)) - first - lookCosts);
}

async function lastPid(node: Host): Promise<number> {
  const fields = (await node.runChecked(["cat", "/proc/loadavg"])).trim().split(" ");
  return z.coerce.number().int().parse(fields.at(-1));
}

async function timesOf(host: Host, args: readonly string[]): Promise<number[]> {
  const script = `
import { spawnSync } from "node:child_process";
const samples = [];
for (let i = 0; i < ${cliRuns + 1}; i += 1) {
  const begun = performance.now();
  const { status } = spawnSync("/run/current-system/sw/bin/chimera", ${JSON.stringify(args)}, { stdio: "ignore" });
  if (status !== 0) throw new Error("chimera ended with " + status);
  samples.push(performance.now() - begun);
}
console.log(JSON.stringify(samples.slice(1)));
`;
  const [node = ""] = (await host.runChecked(["/bin/sh", "-c", "ls /nix/store/*-nodejs-*/bin/node"])).split(
    "\n",
  );
  const printed = await host.runChecked([node, "--input-type=module", "-e", script], { timeoutMs: 120_000 });
  return z.array(z.number()).parse(JSON.parse(printed));
}
