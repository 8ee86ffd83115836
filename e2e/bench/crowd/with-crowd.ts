// SHELL. A fleet of agents for one measurement: up, each heard, and gone whatever happens. All state lies on tmpfs.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import { buckets, keys } from "@chimera/proto/subjects";
import type { Report } from "../../lab/report.ts";
import { collectAcks, type AckCollector } from "./ack-collector.ts";
import { createCrowdFleet, writePlans, type CrowdFleet } from "./crowd-fleet.ts";
import { startCrowdNats, type CrowdNats } from "./crowd-nats.ts";
import { startCrowd, type Crowd } from "./crowd-process.ts";

export interface RunningCrowd {
  fleet: CrowdFleet;
  nats: CrowdNats;
  crowd: Crowd;
  acks: AckCollector;
  /** Publishes the next head, and resolves when everybody has signed for it. */
  acceptHead: () => Promise<void>;
}

export interface CrowdOptions {
  size: number;
  processes: number;
  mode: "agent" | "echo";
  report: Report;
}

const upMs = 600_000;

export async function withCrowd<T>(
  { size, processes, mode, report }: CrowdOptions,
  measure: (crowd: RunningCrowd) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join("/dev/shm", "chimera-crowd-"));
  goneAtExit(folder);
  const fleet = createCrowdFleet(size);
  report(`${size} ${mode === "agent" ? "agents" : "connections"} in ${processes} processes, state on tmpfs`);
  const nats = await startCrowdNats(folder, fleet);
  const plans = await writePlans(fleet, { mode, servers: [nats.url], folder, processes });
  const acks = collectAcks(nats.operator, fleet);
  const acceptHead = async (): Promise<void> => {
    const head = fleet.nextHead();
    acks.begin();
    const bucket = await nats.operator.jetstream().views.kv(buckets.desired);
    await bucket.put(keys.desired("head", fleet.fleetId), JSON.stringify(head));
    await acks.everybody(upMs);
    acks.verify(sha256(payloadOf(head, "head")));
  };
  const crowd = startCrowd(plans);
  try {
    const begun = performance.now();
    if (mode === "agent") await acceptHead();
    else await acks.everybody(upMs);
    report(`all are up after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return await measure({ fleet, nats, crowd, acks, acceptHead });
  } finally {
    const [{ rssMb }, server] = await Promise.all([crowd.facts(), nats.facts()]);
    report(`agents ${Math.round(rssMb)} MB, nats-server ${Math.round(server.rssMb)} MB resident`);
    await crowd.stop();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Also after Ctrl-C: nothing of the crowd stays in memory. Its processes end with ours. */
function goneAtExit(folder: string): void {
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
}
