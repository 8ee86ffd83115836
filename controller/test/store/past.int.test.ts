/** What the controller can tell of the past: events page by page, and the documents that the bucket still keeps. */
import { randomUUID } from "node:crypto";
import { EventPage, PastDocuments } from "@chimera/proto/past-api";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  hourMs,
  idOf,
  iso,
  makeOrder,
  mustPut,
  panicFor,
  publish,
  pushWorld,
  put,
  sealOrder,
  sealPanic,
} from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController, connectAsNode } from "../fixture/raw-nats.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let n1: NatsConnection;
beforeAll(async () => {
  n1 = await connectAsNode(fleet(), "n1");
});
afterAll(() => n1.close());

function say(type: string, data: unknown, source = "n1"): void {
  const event = { specversion: "1.0", id: randomUUID(), source, time: iso(0), type, data };
  const body = JSON.stringify({ ...event, datacontenttype: "application/json" });
  n1.publish(`${subjects.events(fleetId, "n1")}${type}`, body);
}

async function page(query: string) {
  const answer = await fleet().call(`/v1/events/page?${query}`, { role: "viewer" });
  expect(answer.status, answer.text).toBe(200);
  return EventPage.parse(answer.json());
}

async function stored(count: number): Promise<void> {
  await eventually("all events stored", async () => (await page("limit=1000")).events.length === count);
}

test("an empty stream has no past", async () => {
  expect(await page("since=2026-01-01T00:00:00Z")).toEqual({
    events: [],
    last: 0,
    more: false,
    oldestAt: null,
  });
});

test("events come oldest first and page by page, the unknown too; what another node is said to have said does not", async () => {
  for (let i = 0; i < 5; i += 1) say("alarm", { code: "bug", message: `alarm ${i}` });
  say("teleported", { to: "\u001b[2Jmars" });
  say("alarm", { code: "bug", message: "forged" }, "n2");
  say("alarm", "of another form");
  await stored(7);
  const first = await page("limit=4");
  expect(first).toMatchObject({ more: true, oldestAt: first.events[0]?.storedAt });
  const rest = await page(`limit=4&after=${first.last}`);
  expect(rest.more).toBe(false);
  const all = [...first.events, ...rest.events];
  expect(all.map(({ event }) => event.type)).toEqual([
    ...Array.from({ length: 5 }, () => "alarm"),
    "teleported",
    "alarm",
  ]);
  expect(all[5]?.event.data).toEqual({ to: "\u001b[2Jmars" });
  // Nobody looks again at what did not fit.
  expect(await page(`after=${rest.last}`)).toMatchObject({ events: [], last: rest.last, more: false });
  expect((await page("type=teleported,drift-found")).events).toHaveLength(1);
  expect((await page("node=n2")).events).toEqual([]);
});

test("a page begins and ends at the times that were asked for, by the stream's clock and not the node's", async () => {
  const since = iso(Date.now());
  expect((await page(`since=${since}`)).events).toEqual([]);
  say("alarm", { code: "bug", message: "later" });
  await stored(8);
  expect((await page(`since=${since}`)).events).toHaveLength(1);
  const until = await page(`until=${since}&limit=1000`);
  expect(until).toMatchObject({ more: false, events: expect.objectContaining({ length: 7 }) });
});

test("several kinds from a time on are all of them, from the first one on", async () => {
  const since = iso(Date.now());
  for (const type of ["first", "first", "second", "first"]) say(type, {});
  await stored(12);
  const { events } = await page(`since=${since}&type=first,second,none`);
  expect(events.map(({ event }) => event.type)).toEqual(["first", "first", "second", "first"]);
});

test("a reader that is ahead of a stream that was lost is told so", async () => {
  expect((await page("after=1000000")).last).toBeLessThan(1000);
});

test("what is asked wrongly is named; who may not read gets nothing", async () => {
  for (const query of ["limit=0", "limit=1001", "since=yesterday", "node=N1", "type=a.b", "after=-1"]) {
    expect((await fleet().call(`/v1/events/page?${query}`, { role: "viewer" })).status, query).toBe(422);
  }
  for (const path of ["/v1/events/page", "/v1/documents"]) {
    expect((await fleet().call(path, { role: "n1" })).status).toBe(403);
  }
});

async function past() {
  const answer = await fleet().call("/v1/documents", { role: "viewer" });
  expect(answer.status, answer.text).toBe(200);
  return PastDocuments.parse(answer.json());
}

test("panics, orders and rollout records stay after they are over, each once, as they were signed", async () => {
  expect(await past()).toEqual({ panics: [], orders: [], rollouts: [], isCut: false });
  const first = await publish(fleet(), await pushWorld(fleet()));
  const second = await publish(fleet(), await pushWorld(fleet(), "nixos-system-e"));
  const panic = sealPanic(panicFor(second, first.head.world));
  await mustPut(fleet(), "/v1/panic", panic);
  const hold = sealOrder(
    makeOrder({
      nodes: ["n2"],
      action: { kind: "hold", until: iso(Date.now() + hourMs), drift: false, evenPanic: false },
    }),
  );
  const quarantine = sealOrder(
    makeOrder({ action: { kind: "quarantine", serial: 1, toplevels: [], pardoned: [] } }),
  );
  await mustPut(fleet(), "/v1/orders", hold);
  // The list is written anew with it.
  await mustPut(fleet(), "/v1/orders", sealOrder(makeOrder({ nodes: ["n2"] })));
  expect((await put(fleet(), "/v1/quarantine", quarantine)).status).toBe(200);
  const { link } = await connectAsController(fleet());
  const record = { v: 1, head: second.id, lease: 1, phase: "returned", reason: "a canary", at: iso(0) };
  const js = link.jetstream();
  await js.publish(subjects.desired("rollout", fleetId), JSON.stringify(record));
  await js.publish(subjects.desired("rollout", fleetId), "no record");
  await js.publish(subjects.desired("order", fleetId), "[[[[");
  await link.close();
  const found = await past();
  expect(found.panics.map(({ envelope }) => idOf(envelope))).toEqual([idOf(panic)]);
  expect(found.orders.map(({ envelope }) => idOf(envelope))).toEqual([
    idOf(hold),
    expect.any(String),
    idOf(quarantine),
  ]);
  expect(found.rollouts).toMatchObject([{ record: { phase: "returned", reason: "a canary" } }]);
});
