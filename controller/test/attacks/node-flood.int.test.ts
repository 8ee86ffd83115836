/** One node says all that it may, as fast as it can: the others are heard, and operators are answered. */
import { seal } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let hostile: NatsConnection;
let other: NatsConnection;
beforeAll(async () => {
  hostile = await connectAsNode(fleet(), "n1");
  other = await connectAsNode(fleet(), "n2");
});
afterAll(async () => {
  await hostile.close();
  await other.close();
});

const floodMs = 6_000;

function statusOf(node: string, state: string): string {
  const at = new Date().toISOString();
  const status = {
    v: 1,
    node,
    fleetId,
    at,
    state,
    waiting: null,
    accepted: null,
    wanted: null,
    fetch: null,
    problem: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    system: { current: null, booted: null, profile: null, bootDefault: null },
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
  };
  const signer = fleet().nodes.get(node)?.signer;
  return JSON.stringify(seal("status", status, signer === undefined ? [] : [signer]));
}

/** Beats, statuses, health and events, with pauses only for the server to take them. */
async function flood(signal: AbortSignal): Promise<number> {
  const [status, large] = [statusOf("n1", "committed"), "x".repeat(60_000)];
  const beat = JSON.stringify({ e: 0, s: 1, p: "idle" });
  let sent = 0;
  while (!signal.aborted) {
    for (let i = 0; i < 500; i += 1) {
      hostile.publish(subjects.beat(fleetId, "n1"), beat);
      hostile.publish(subjects.status(fleetId, "n1"), status);
      if (i % 50 === 0) hostile.publish(subjects.event(fleetId, "n1", "alarm"), large);
    }
    sent += 1010;
    await hostile.flush();
  }
  return sent;
}

test("while one node floods, another's beat and status are seen within seconds, and the API answers", async () => {
  const stop = AbortSignal.timeout(floodMs);
  const flooding = flood(stop);
  await delay(1000);
  let worstMs = 0;
  for (let serial = 1; !stop.aborted; serial += 1) {
    const startedMs = performance.now();
    other.publish(subjects.beat(fleetId, "n2"), JSON.stringify({ e: 0, s: serial, p: "idle" }));
    other.publish(subjects.status(fleetId, "n2"), statusOf("n2", serial % 2 === 0 ? "held" : "committed"));
    await eventually("n2's beat", async () => {
      const { beat } = (await fleet().call("/v1/nodes/n2")).json();
      return beat?.s === serial;
    });
    worstMs = Math.max(worstMs, performance.now() - startedMs);
    await delay(100);
  }
  expect(await flooding).toBeGreaterThan(10_000);
  expect(worstMs).toBeLessThan(3000);
  expect((await fleet().call("/v1/nodes/n2")).json()).toMatchObject({ verified: true });
});
