// SHELL. Bench `reconnect-fleet`: nats-server is killed and started again, and how soon every agent is connected, has read its documents anew, and hears.
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import { buckets, keys, subjects } from "@chimera/proto/subjects";
import type { Report } from "../lab/report.ts";
import { makeStreams } from "./crowd/crowd-nats.ts";
import { withCrowd, type RunningCrowd } from "./crowd/with-crowd.ts";
import { percentiles, type Figure } from "./figures.ts";

const size = 5_000;
const trials = 4;
const restMs = 5_000;
const backMs = 120_000;

export function reconnectFleet(report: Report): Promise<Figure[]> {
  return withCrowd({ size, processes: 4, mode: "agent", report }, async (crowd) => {
    const back: number[] = [];
    const hearing: number[] = [];
    for (let trial = 1; trial <= trials; trial += 1) {
      await sleep(restMs);
      const seconds = await restart(crowd);
      back.push(seconds.back);
      hearing.push(seconds.hearing);
      const load = (loadavg()[0] ?? 0).toFixed(1);
      report(
        `trial ${trial}: ${size} back in ${seconds.back.toFixed(2)} s, a panic then heard by all in ${seconds.hearing.toFixed(2)} s, load ${load}`,
      );
    }
    return [
      percentiles("all_back_5000_s", back, { unit: "s", bounds: { p50: 10, p99: 10 } }),
      percentiles("heard_after_5000_s", hearing, { unit: "s", bounds: { p50: 4, p99: 4 } }),
    ];
  });
}

/**
 * A head is stored as soon as the server takes it, when nobody is back yet: whoever signs for it is connected again and has
 * read it. A panic afterwards is taken from the message: whoever signs for that one hears again.
 */
async function restart({ fleet, nats, acks }: RunningCrowd): Promise<{ back: number; hearing: number }> {
  const head = fleet.nextHead();
  acks.begin();
  const begun = performance.now();
  await nats.restart();
  // What it had in memory only is gone, as after a real crash; the controller would make it again.
  await untilTaken(() => makeStreams(nats.operator));
  const bucket = await nats.operator.jetstream().views.kv(buckets.desired);
  await untilTaken(() => bucket.put(keys.desired("head", fleet.fleetId), JSON.stringify(head)));
  await acks.everybody(backMs);
  const back = (acks.lastMs() - begun) / 1000;
  acks.verify(sha256(payloadOf(head, "head")));
  const panic = fleet.nextPanic();
  acks.begin();
  const released = performance.now();
  const subject = subjects.desired("panic", fleet.fleetId);
  const stored = nats.operator.request(subject, JSON.stringify(panic), { timeout: backMs });
  await acks.everybody(backMs);
  await stored;
  acks.verify(sha256(payloadOf(panic, "panic")));
  return { back, hearing: (acks.lastMs() - released) / 1000 };
}

/** The operator's own connection comes back, too. */
async function untilTaken(work: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + backMs;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(20);
    }
  }
}
