// SHELL. Bench `activation`: what Chimera adds to a switch, what a write of its journal costs, how soon a restarted node decides.
import { downOnInterrupt } from "../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import type { Report } from "../lab/report.ts";
import { startSoakNodes, type SoakNode } from "../soak/activation/soak-nodes.ts";
import { switchTimes } from "./activation/added-time.ts";
import { journalWrites, recoveries } from "./activation/probe-node.ts";
import { percentiles, spread, type Figure } from "./figures.ts";

const rounds = 24;
const writes = 1000;
const starts = 30;

export async function activation(report: Report): Promise<Figure[]> {
  downOnInterrupt(report);
  try {
    const [node] = await startSoakNodes({ count: 1, machine: "container", report });
    if (node === undefined) throw new Error("no node was started");
    report(`${rounds} orders on n1, each beside two bare switches`);
    const added = await addedTime(node);
    report(`${writes} writes of the journal`);
    const written = percentiles("journal_write_ms", await journalWrites(node.host, writes), {
      unit: "ms",
      bounds: { p50: 5, p99: 5 },
    });
    report(`${starts} recoveries without a network`);
    return [added, written, await recoveryTime(node)];
  } finally {
    await downUnlessInUse(report);
  }
}

/** Each order beside the median of the bare switches: a pair would carry the noise of both. */
async function addedTime(node: SoakNode): Promise<Figure> {
  const { chimeraMs, bareMs } = await switchTimes(node, rounds);
  const bare = spread(bareMs);
  const figure = percentiles(
    "added_ms",
    chimeraMs.map((ms) => ms - bare.p50),
    { unit: "ms", bounds: { p50: 300 } },
  );
  const settings =
    "nix-env --set, then switch-to-configuration boot and test of the same system by hand, no agent running, timed inside the node; " +
    "added_ms is the order's time, from its first write in the journal to the one that says committed and without the step of " +
    "probation, seen from outside by inotify, less this median";
  return { ...figure, peers: [{ name: "bare", ...bare, ratio: ratioOf(chimeraMs, bareMs), settings }] };
}

async function recoveryTime(node: SoakNode): Promise<Figure> {
  const { host } = node;
  await host.runChecked(["systemctl", "stop", "chimera-sentinel"]);
  const running = (await host.runChecked(["readlink", "-f", "/run/current-system"])).trim();
  const [a, b] = [node.toplevelOf("a"), node.toplevelOf("b")];
  const wanted = running === a ? b : a;
  const found = await withoutNetwork(host, () => recoveries(host, { count: starts, wanted, running }));
  const figure = percentiles("recovery_decision_ms", found.decisions, {
    unit: "ms",
    bounds: { p50: 200, p99: 200 },
  });
  const isRight = found.words.every((word) => word === "reverted");
  const settings =
    "chimera-agent version: what starting the same program costs; recovery_decision_ms is from the start of chimera-recover to its " +
    "write of the journal, which said that an activation was under way in an earlier boot; the network is down";
  const peer = {
    name: "start",
    ...spread(found.starts),
    ratio: ratioOf(found.decisions, found.starts),
    settings,
  };
  return { ...figure, ok: figure.ok && isRight, peers: [peer] };
}

/** The lab enters by namespaces, not over the network. */
async function withoutNetwork<T>(host: Host, action: () => Promise<T>): Promise<T> {
  await host.runChecked(["ip", "link", "set", "host0", "down"]);
  try {
    return await action();
  } finally {
    await host.runChecked(["ip", "link", "set", "host0", "up"]);
  }
}

function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return Math.round((spread(ours).p50 / spread(theirs).p50) * 1000) / 1000;
}
