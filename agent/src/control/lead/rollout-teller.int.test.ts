/** What a lead that is no node tells of its rollouts, on a real nats-server with the permissions of one that may lead. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeEvent } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { stepOf } from "@chimera/proto/rollout/rollout-record";
import { streams, subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openConnection } from "../connection.ts";
import { fleetId, node as me } from "../fleet-fixture.ts";
import { openRolloutTeller, type RolloutTeller } from "./rollout-teller.ts";
import { patient, useLeads } from "./use-leads.ts";

const { ground, play, start } = useLeads();
const log = createLog({ fields: {}, write: () => undefined });
const closing: (() => unknown)[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-teller-"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

function openTeller(node: NodeName = me, name = "outbox.jsonl"): RolloutTeller {
  const { nats } = ground();
  const connection = openConnection({
    servers: [nats.url],
    name: node,
    credentials: () => ({ nkey: nats.node, pass: null }),
    inboxPrefix: subjects.inboxPrefix(me),
    log,
    onConnected: () => teller.flush(),
  });
  const teller = openRolloutTeller({ connection, node, fleetId, file: join(folder, name), log });
  closing.push(teller.close, connection.close);
  return teller;
}

/** Oldest first, of whoever told them. */
async function told() {
  const client = await ground().nats.operator();
  const manager = await client.jetstreamManager();
  const { state } = await manager.streams.info(streams.events);
  const events = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(streams.events, { seq });
    const event = NodeEvent.parse(message.json());
    if (event.type === "rollout-changed") events.push({ subject: message.subject, ...event });
  }
  return events;
}

const history = () => ground().fleet.history();
const steps = (records: readonly Parameters<typeof stepOf>[0][]) => [...new Set(records.map(stepOf))];

test("each step of a rollout is told once and in order, under its own name", async () => {
  await play();
  const lead = start("n1", { onRecord: openTeller().tell });
  expect(await lead.ended).toBe("committed");
  const written = steps(await history());
  await vi.waitFor(async () => expect(await told()).toHaveLength(written.length), patient);
  const events = await told();
  expect(events.map(({ data }) => stepOf(data))).toEqual(written);
  expect([events[0]?.data.phase, events.at(-1)?.data.phase]).toEqual(["staging", "committed"]);
  const subject = subjects.event(fleetId, me, "rollout-changed");
  for (const event of events) expect(event).toMatchObject({ source: me, subject, data: { lead: me } });
});

test("what it wrote and did not tell before it died, it tells when it is there again", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(ground().fleet.gone).toEqual(["n1"]), patient);
  first.die();
  const stood = await ground().fleet.record();
  expect(await told()).toEqual([]);
  const second = start("n1", { onRecord: openTeller().tell });
  await vi.waitFor(async () => expect((await told())[0]?.data).toMatchObject({ phase: "waves" }), patient);
  expect((await told())[0]?.data).toMatchObject({ lease: stood?.lease, released: stood?.released });
  second.die();
});

test("steps that were told while NATS was away are sent when it is back", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(ground().fleet.gone).toEqual(["n1"]), patient);
  first.die();
  const record = await ground().fleet.record();
  if (record === null) throw new Error("nothing was written");
  await ground().nats.kill();
  const away = openTeller();
  away.tell(record);
  away.tell(record);
  away.tell({ ...record, phase: "paused", reason: "meanwhile" });
  await ground().nats.restartBare();
  await vi.waitFor(async () => expect(await told()).toHaveLength(2), patient);
  expect((await told()).map(({ data }) => data.phase)).toEqual(["waves", "paused"]);
});

test("it tells no other lead's rollout, and NATS takes nothing from it under a node's name", async () => {
  await play();
  const own = openTeller();
  const forger = openTeller(NodeName.parse("n2"), "forged.jsonl");
  const lead = start("n2", {
    onRecord(record) {
      own.tell(record);
      forger.tell(record);
    },
  });
  expect(await lead.ended).toBe("committed");
  const last = (await history()).at(-1);
  if (last === undefined) throw new Error("nothing was written");
  own.tell({ ...last, lead: me });
  await vi.waitFor(async () => expect(await told()).toHaveLength(1), patient);
  expect((await told())[0]).toMatchObject({ source: me, data: { lead: me } });
});
