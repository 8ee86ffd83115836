/** SHELL. Tests only: a lead as its program wires it, with a clock that runs five times as fast. */
import { createLog } from "@chimera/proto/log";
import { mayReturn } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import { subjects } from "@chimera/proto/subjects";
import { isOver } from "../../rollout/wanted-session.ts";
import { askIn } from "./ask-in.ts";
import { openConnection, type Connection } from "../connection.ts";
import { createHead, createLeaf, createSigner, fleetId, node as me, signers } from "../fleet-fixture.ts";
import type { NatsFixture } from "../nats-fixture.ts";
import { openFleetEar, type FleetEar } from "./fleet-ear.ts";
import { openLeadBeats } from "./lead-beats.ts";
import { lead } from "./lead-loop.ts";
import { openLeadStore, type LeadStore } from "./lead-store.ts";
import type { PlayedFleet } from "./played-fleet.ts";
import { tellingStore } from "./telling-store.ts";

export interface PlayedLead {
  said: string[];
  ended: Promise<string>;
  /** As its machine would: without a word. */
  die: () => void;
}

export interface LeadStart {
  mayReturn?: boolean;
  /** Of its head. */
  serial?: number;
  /** Asked before each write: true, and the store does not take it. */
  isDenied?: () => boolean;
  /** Shown whatever it writes or finds. */
  onRecord?: (record: RolloutRecord) => void;
  /** On its machine's disk. */
  known?: RolloutRecord | null;
  /** How it ended, as a lead on that machine has seen it. */
  ended?: "committed" | "returned";
  /** Its clock shows so much more than the real one. */
  clockMs?: number;
}

interface Ground {
  nats: NatsFixture;
  fleet: PlayedFleet;
  policy: RolloutPolicy;
  waves: readonly (readonly NodeName[])[];
  head: Digest;
}

const log = createLog({ fields: {}, write: () => undefined });
const nowMs = () => performance.now() * 5;
const orderRole = { keys: [signers.order.publicKey], threshold: 1 };

const usual = {
  mayReturn: true,
  serial: 1,
  isDenied: () => false,
  onRecord: () => undefined,
  known: null,
  clockMs: 0,
} satisfies LeadStart;

export function startLead(
  name: string,
  { nats, fleet, policy, waves, head: id }: Ground,
  how: LeadStart,
): PlayedLead {
  const { mayReturn: isConsenting, serial, isDenied, onRecord, known, clockMs } = { ...usual, ...how };
  let isDead = false;
  const said: string[] = [];
  const connection: Connection = connect(nats, name, () => listenAnew(ear));
  const ear = openFleetEar({ connection, fleetId, keys: fleet.keys, nowMs, log });
  const beats = openLeadBeats({ connection, fleetId, me, nowMs });
  const head = headOf(serial, isConsenting);
  const utcMs = () => Math.max(Date.now() + clockMs, Date.parse(head.createdAt));
  const ended = lead({
    me: name,
    head: { id, head },
    policy,
    waves,
    store: tellingStore(denying(openLeadStore(connection, fleetId), isDenied), onRecord),
    ear,
    known,
    ended: how.ended ?? null,
    mayReturn: () => mayReturn(head, utcMs()),
    isOver: (record) => isOver(record, head, utcMs()),
    openAsk: (envelope) => askIn(envelope, { role: orderRole, fleetId, head: id, nowMs: Date.now() }),
    lastHeardMs: beats.lastHeardMs,
    beat: () => beats.say(id),
    isCurrent: () => !isDead,
    say: (line) => said.push(line),
    nowMs,
    at: () => new Date(Date.now() + clockMs).toISOString(),
  });
  const die = () => {
    isDead = true;
    void connection.close();
  };
  return { said, ended, die };
}

function listenAnew(ear: FleetEar): void {
  ear.wasDeaf();
  ear.readAll();
}

/** With a way back for two hours, or without. */
function headOf(serial: number, isConsenting: boolean): Head {
  const before = createHead(1, [createLeaf(createSigner(me), "b")]).world;
  const consentUntil = new Date(Date.now() + 2 * 3_600_000).toISOString();
  const consent = isConsenting ? { revertTo: before, consentUntil } : {};
  return createHead(serial, [createLeaf(createSigner(me), "a")], consent);
}

/** As when its permissions were taken away, or the disk of the stream is full. */
function denying(store: LeadStore, isDenied: () => boolean): LeadStore {
  const write: LeadStore["write"] = (record, revision) =>
    isDenied()
      ? Promise.reject(new ChimeraError("deadline-exceeded", "the store did not take it"))
      : store.write(record, revision);
  return { ...store, write };
}

function connect(nats: NatsFixture, name: string, onConnected: () => void): Connection {
  const { url, node: nkey } = nats;
  return openConnection({
    servers: [url],
    name,
    credentials: () => ({ nkey, pass: null }),
    inboxPrefix: subjects.inboxPrefix(me),
    log,
    onConnected,
  });
}
