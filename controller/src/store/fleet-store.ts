/** SHELL. All of the controller's JetStream side: prepared after each connect, again and again until it holds. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BuildStatus } from "@chimera/proto/build-status";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEvent } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { EventPage, PastDocuments } from "@chimera/proto/past-api";
import type { PublicKeyText, Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import type { ControllerConfig } from "../config.ts";
import { openAudit, type Audit } from "../audit/audit.ts";
import { createProjection, type Projection } from "../fleet/projection.ts";
import type { NatsLink } from "./connection.ts";
import { readEventPage, readEvents, type EventQuery, type PageQuery } from "./event-store.ts";
import { readPast } from "./past-documents.ts";
import { followNodes } from "./follow-nodes.ts";
import { openBucket, type Bucket } from "./bucket.ts";
import { createDocumentStore, type DocumentStore } from "./document-store.ts";
import { openKeyStore, type KeyStore } from "./key-store.ts";
import { createOrderFollower, type OrderFollower } from "./order-follower.ts";
import { createOrderSender, type OrderSender } from "./order-sender.ts";
import { createOrderStore, type OrderStore } from "./order-store.ts";
import { createPacer, type Pacer, type PacerOptions } from "./pacer.ts";
import { createProposalStore, type ProposalStore } from "./proposal-store.ts";
import { startUpkeep, type Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { mayBeGone, prepareStreams } from "./prepare-streams.ts";
import { openSessionStore, type SessionStore } from "./session-store.ts";

export interface FleetStore {
  bucket: Bucket;
  audit: Audit;
  keys: KeyStore;
  documents: DocumentStore;
  orders: OrderStore;
  proposals: ProposalStore;
  sender: OrderSender;
  upkeep: Upkeep;
  projection: Projection;
  sessions: SessionStore;
  follower: OrderFollower;
  pacer: Pacer;
  events(query: EventQuery): Promise<NodeEvent[]>;
  eventPage(query: PageQuery): Promise<EventPage>;
  /** What the bucket keeps beside heads and key sets. */
  past(): Promise<PastDocuments>;
  putBuild(build: BuildStatus): Promise<void>;
  /** Connected, streams there, last values read. */
  ready(): boolean;
}

export interface FleetStoreOptions {
  config: Pick<ControllerConfig, "fleetId" | "trustedKeys" | "cacheDir">;
  link: NatsLink;
  /** Of a registered node. */
  nodeKey: (node: NodeName) => PublicKeyText | undefined;
  signer: Signer | null;
  freshEveryMs: number;
  log: Log;
}

export function createFleetStore(options: FleetStoreOptions): FleetStore {
  const { config, link, nodeKey, log } = options;
  const { fleetId } = config;
  const projection = createProjection();
  const mending = <T>(work: Promise<T>) => work.catch(prepareAgainIfGone);
  const source = { link, fleetId, log };
  const readLastValues = followNodes({ ...source, projection });
  const sessions = openSessionStore({ ...source, mending, nodeKey });
  const bucket = mendingBucket(openBucket(link), mending);
  const audit = openAudit({ link, ...config, mending, log });
  const keyStore = openKeyStore(config, log);
  const common = { ...config, bucket, keyStore, log };
  const documents = createDocumentStore(common);
  const { prepared, prepareAgain, onPrepared } = preparedAfterConnect(link, log, async () => {
    await prepareStreams(link.jetstream().jsm, log);
    await readLastValues();
    await sessions.readLastValues();
    await restore(documents);
    log.info({ nodes: projection.list({}).length }, "fleet state read");
  });
  const ready = () => link.connected() && prepared();
  const upkeep = upkeepOf(options, { ...common, audit, documents, ready });
  onPrepared(() => upkeep.wake());
  function prepareAgainIfGone(error: unknown): never {
    if (mayBeGone(error) && prepared()) prepareAgain();
    throw error;
  }
  const sender = createOrderSender({ ...source, nodeKey });
  return {
    ...storesOf(common),
    audit,
    documents,
    sender,
    ...sessionsOf({ ...common, link, mending, sender, sessions, ready }),
    upkeep,
    projection,
    ...eventsOf(source, mending),
    ...restOf({ bucket, link, fleetId, mending, ready }),
  };
}

function restOf(
  source: Pick<FleetStoreOptions, "link"> &
    Pick<FleetStore, "bucket" | "ready"> & { fleetId: FleetId; mending: Mending },
): Pick<FleetStore, "past" | "putBuild" | "ready"> {
  const { bucket, link, fleetId, mending, ready } = source;
  return {
    ready,
    past: () => readPast(bucket, fleetId),
    putBuild: (build) => mending(publishBuild(link, fleetId, build)),
  };
}

type Common = Pick<Parameters<typeof createOrderStore>[0], "bucket" | "keyStore"> &
  Parameters<typeof createOrderStore>[0] &
  Parameters<typeof createProposalStore>[0];

function storesOf(common: Common): Pick<FleetStore, "bucket" | "keys" | "orders" | "proposals"> {
  const { bucket, keyStore: keys } = common;
  return { bucket, keys, orders: createOrderStore(common), proposals: createProposalStore(common) };
}

function sessionsOf(
  needs: PacerOptions & { sessions: SessionStore } & Parameters<typeof createOrderFollower>[0],
): Pick<FleetStore, "sessions" | "follower" | "pacer"> {
  return { sessions: needs.sessions, follower: createOrderFollower(needs), pacer: createPacer(needs) };
}

function upkeepOf(
  { signer, freshEveryMs: everyMs }: FleetStoreOptions,
  parts: Omit<UpkeepOptions, "signer" | "everyMs">,
): Upkeep {
  return startUpkeep({ ...parts, signer, everyMs });
}

async function restore(documents: DocumentStore): Promise<void> {
  await documents.restoreKeys();
  await documents.read();
}

type Mending = <T>(work: Promise<T>) => Promise<T>;

function eventsOf(
  source: Pick<FleetStoreOptions, "link" | "log"> & { fleetId: FleetId },
  mending: Mending,
): Pick<FleetStore, "events" | "eventPage"> {
  return {
    events: (query) => mending(readEvents(source, query)),
    eventPage: (query) => mending(readEventPage(source, query)),
  };
}

function mendingBucket(bucket: Bucket, mending: Mending): Bucket {
  return {
    revision: () => mending(bucket.revision()),
    history: (of) => mending(bucket.history(of)),
    newest: (of) => mending(bucket.newest(of)),
    top: (of) => mending(bucket.top(of)),
    write: (...entry) => mending(bucket.write(...entry)),
    forget: (subject) => mending(bucket.forget(subject)),
    inTurn: bucket.inTurn,
  };
}

async function publishBuild(link: NatsLink, fleetId: FleetId, build: BuildStatus): Promise<void> {
  const { js } = link.jetstream();
  try {
    await js.publish(subjects.build(fleetId, build.node), JSON.stringify(build));
  } catch (cause) {
    throw new ChimeraError("server-unreachable", "store build status in JetStream", { cause });
  }
}

/** Runs the work after each connect, and when asked, until it succeeds; a newer run takes over from an older one. */
function preparedAfterConnect(link: NatsLink, log: Log, work: () => Promise<void>) {
  let wanted = 0;
  let done = 0;
  const listeners: (() => void)[] = [];
  async function prepare(run: number) {
    for (let waitMs = 500; run === wanted; waitMs = Math.min(waitMs * 2, 30_000)) {
      try {
        await work();
        done = run;
        for (const listener of listeners) listener();
        return;
      } catch (error) {
        log.warn({ error }, "jetstream not prepared");
        await sleep(waitMs, undefined, { ref: false });
      }
    }
  }
  function prepareAgain() {
    wanted += 1;
    void prepare(wanted);
  }
  link.onConnect(prepareAgain);
  return {
    prepareAgain,
    prepared: () => wanted > 0 && done === wanted,
    onPrepared: (listener: () => void) => void listeners.push(listener),
  };
}
