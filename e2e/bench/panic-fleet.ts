// SHELL. Bench `panic-fleet`: a panic that is released, and how soon each of many agents has accepted it, stored it and signed for it.
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../lab/report.ts";
import { withCrowd, type RunningCrowd } from "./crowd/with-crowd.ts";
import { atMost, percentiles, type Figure } from "./figures.ts";

const few = { size: 1_000, trials: 7, processes: 2 };
const many = { size: 10_000, trials: 4, processes: 4 };
const quietMs = 4_000;

interface Measured {
  seconds: number[];
  cpuMsPerNode: number[];
  consumers: number;
}

export async function panicFleet(report: Report): Promise<Figure[]> {
  const [small, large] = [await receipts(report, few), await receipts(report, many)];
  const broker = await brokerOnly(report);
  return [
    percentiles("receipts_1000_s", small.seconds, { unit: "s", bounds: { p50: 0.5, p99: 0.5 } }),
    percentiles("receipts_10000_s", large.seconds, { unit: "s", bounds: { p50: 4, p99: 4 } }),
    percentiles("broker_only_10000_s", broker, { unit: "s", bounds: { p50: 1.5, p99: 1.5 } }),
    percentiles("order_cpu_ms_per_node", [...small.cpuMsPerNode, ...large.cpuMsPerNode], {
      unit: "ms of CPU",
      bounds: { p50: 0.5 },
    }),
    atMost("consumers_per_node", large.consumers / many.size, { unit: "consumers", n: 1, bound: 0 }),
  ];
}

function receipts(report: Report, how: typeof few): Promise<Measured> {
  return withCrowd({ ...how, mode: "agent", report }, async (crowd) => {
    const measured: Measured = { seconds: [], cpuMsPerNode: [], consumers: 0 };
    for (let trial = 1; trial <= how.trials; trial += 1) {
      await crowd.acceptHead();
      await sleep(quietMs);
      const { seconds, cpuMs } = await release(crowd);
      measured.seconds.push(seconds);
      measured.cpuMsPerNode.push(cpuMs / how.size);
      report(
        `trial ${trial}: ${how.size} receipts in ${seconds.toFixed(3)} s, ${(cpuMs / how.size).toFixed(3)} ms of CPU each, load ${load()}`,
      );
    }
    measured.consumers = await crowd.nats.consumers();
    return measured;
  });
}

async function release({
  fleet,
  nats,
  crowd,
  acks,
}: RunningCrowd): Promise<{ seconds: number; cpuMs: number }> {
  const panic = fleet.nextPanic();
  const subject = subjects.desired("panic", fleet.fleetId);
  const text = JSON.stringify(panic);
  acks.begin();
  const before = await crowd.facts();
  const begun = performance.now();
  const stored = nats.operator.request(subject, text, { timeout: 30_000 });
  await acks.everybody(60_000);
  const seconds = (acks.lastMs() - begun) / 1000;
  const after = await crowd.facts();
  await stored;
  acks.verify(sha256(payloadOf(panic, "panic")));
  return { seconds, cpuMs: after.cpuMs - before.cpuMs };
}

/** The same connections, each of which answers with as many bytes as a receipt has, at once and without looking. */
function brokerOnly(report: Report): Promise<number[]> {
  return withCrowd({ ...many, mode: "echo", report }, async ({ fleet, nats, acks }) => {
    const seconds: number[] = [];
    const text = JSON.stringify(fleet.nextPanic());
    for (let trial = 1; trial <= many.trials; trial += 1) {
      await sleep(quietMs);
      acks.begin();
      const begun = performance.now();
      const stored = nats.operator.request(subjects.desired("panic", fleet.fleetId), text, {
        timeout: 30_000,
      });
      await acks.everybody(60_000);
      seconds.push((acks.lastMs() - begun) / 1000);
      await stored;
      report(`trial ${trial}: ${many.size} answers in ${seconds.at(-1)?.toFixed(3)} s, load ${load()}`);
    }
    return seconds;
  });
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
