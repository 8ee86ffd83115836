// SHELL. Bench `panic-lab`: real nodes with a system of 200 services go back to the one before, by `chimera panic`, by ssh and by Ansible.
import { loadavg } from "node:os";
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld, pointersOf } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downOnInterrupt } from "../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import type { Report } from "../lab/report.ts";
import { percentiles, spread, type Figure, type Peer as PeerFigure } from "./figures.ts";
import { labWorld, restarted } from "./panic-lab/lab-world.ts";
import { ansiblePeer, sshPeer, type Peer } from "./panic-lab/peers.ts";
import { untilAllActive } from "./panic-lab/watch-active.ts";

const nodes = 8;
const trials = 3;
const timeoutMs = 60_000;

type Toplevels = ReadonlyMap<string, string>;

export async function panicLab(report: Report): Promise<Figure[]> {
  downOnInterrupt(report);
  try {
    const fleet = await startFleet({ nodes, report });
    return await measure(fleet, report);
  } finally {
    await downUnlessInUse(report);
  }
}

async function measure(fleet: Fleet, report: Report): Promise<Figure[]> {
  const hosts = fleet.lab.nodes;
  const before = await deployed(fleet, "before");
  report("the world before is committed on every node");
  const ours: number[] = [];
  let undone: Toplevels = before;
  for (let trial = 1; trial <= trials; trial += 1) {
    undone = await deployed(fleet, `next-${trial}`);
    ours.push(
      await timed({ hosts, before }, async () => {
        const { code, stderr } = await operatorOf(fleet.lab).run(["panic", "--yes"]);
        if (code !== 0) throw new ChimeraError("rollout-failed", stderr);
      }),
    );
    report(`chimera panic: all active after ${ours.at(-1)?.toFixed(2)} s, load ${load()}`);
  }
  await silence(hosts);
  const peers: PeerFigure[] = [];
  for (const open of [() => sshPeer(hosts), () => ansiblePeer(hosts, report)]) {
    peers.push(await peerFigure(await open(), { hosts, before, undone, ours, report }));
  }
  const figure = percentiles("all_active_s", ours, { unit: "s", bounds: { p50: 2, p99: 2 } });
  return [{ ...figure, peers }];
}

interface Field {
  hosts: readonly Host[];
  before: Toplevels;
  undone: Toplevels;
  ours: readonly number[];
  report: Report;
}

async function peerFigure(peer: Peer, { hosts, before, undone, ours, report }: Field): Promise<PeerFigure> {
  const { name } = peer;
  const settings = `${peer.settings}: nix-env --set, then switch-to-configuration switch`;
  const seconds: number[] = [];
  try {
    for (let trial = 1; trial <= trials; trial += 1) {
      await peer.switchAll(undone);
      seconds.push(await timed({ hosts, before }, () => peer.switchAll(before)));
      report(`${name}: all active after ${seconds.at(-1)?.toFixed(2)} s, load ${load()}`);
    }
  } finally {
    await peer.close();
  }
  const measured = spread(seconds);
  return { name, settings, ...measured, ratio: Math.round((spread(ours).p50 / measured.p50) * 1000) / 1000 };
}

/** From the start of the command until the last node runs the system before, and each of the services is that one's. */
async function timed(
  { hosts, before }: { hosts: readonly Host[]; before: Toplevels },
  command: () => Promise<void>,
): Promise<number> {
  const wanted = hosts.map((host) => ({
    host,
    toplevel: before.get(host.name) ?? "",
    revision: "before",
    services: restarted,
  }));
  const begunMs = performance.now();
  const [seconds] = await Promise.all([untilAllActive(wanted, { begunMs, timeoutMs }), command()]);
  return seconds;
}

async function deployed(fleet: Fleet, label: string): Promise<Toplevels> {
  const { code, stderr } = await deployWorld(fleet, label, { changes: labWorld(label) });
  if (code !== 0) throw new ChimeraError("rollout-failed", `deploy of ${label}: ${stderr}`);
  const found = await Promise.all(
    fleet.lab.nodes.map(async (host) => [host.name, (await pointersOf(host)).current] as const),
  );
  return new Map(found);
}

/** An agent would take what a peer does for drift, and put it back. */
async function silence(hosts: readonly Host[]): Promise<void> {
  const units = ["chimera-watchdog.timer", "chimera-watchdog.service", "chimera-sentinel.service"];
  await Promise.all(
    hosts.map((host) => host.runChecked(["systemctl", "mask", "--runtime", "--now", ...units])),
  );
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
