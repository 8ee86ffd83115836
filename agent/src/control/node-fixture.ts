/** SHELL. Tests only: the control side of one node on a real server, with its state on disk in a folder. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { AckMessage } from "@chimera/proto/api";
import { NodeEvent } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import { buckets, keys, streams, subjects, type DesiredKind } from "@chimera/proto/subjects";
import { composeReceiptFacts } from "../desired/node-facts.ts";
import { composeStatus } from "../status-document.ts";
import { startControl, type ControlSide } from "./control-side.ts";
import {
  createSigner,
  firstKeySet,
  fleetId,
  healthSample,
  node,
  startLeafServer,
  token,
  type LeafServer,
} from "./fleet-fixture.ts";
import { createNatsFixture, type NatsFixture } from "./nats-fixture.ts";
import type { Told } from "./open-documents.ts";
import { openTrust, type EarlierAccepted } from "./trust/open-trust.ts";

interface NodeStart {
  trustedKeys?: Envelope;
  earlier?: EarlierAccepted | null;
  floor?: Parameters<typeof startControl>[0]["floor"];
  /** Called before each save of the accepted documents. */
  beforeSave?: () => void;
  freshSeconds?: number;
  saveReceipt?: () => void;
  onOrder?: Parameters<typeof startControl>[0]["onOrder"];
  sessionOrders?: Parameters<typeof startControl>[0]["sessionOrders"];
  sessions?: Parameters<typeof startControl>[0]["sessions"];
}

type RefusedData = Extract<NodeEvent, { type: "document-refused" }>["data"];

export interface NodeFixture {
  nats: NatsFixture;
  leaves: LeafServer;
  nodeKey: Signer;
  folder: string;
  lines: string[];
  start: (how?: NodeStart) => ControlSide;
  stop: () => Promise<void>;
  /** What is on the node's disk. */
  onDisk: () => TrustState | null;
  put: (kind: DesiredKind, document: unknown) => Promise<void>;
  putKeySet: (version: number, envelope: Envelope) => Promise<void>;
  events: () => Promise<NodeEvent[]>;
  /** Documents that the node refused, as the stream has them. */
  refusals: () => Promise<RefusedData[]>;
  /** As an operator who is nearer to NATS than to the bucket: nothing is stored. */
  publish: (subject: string, document: unknown) => Promise<void>;
  /** What the node says on its ack subject from now on. */
  listen: () => Promise<AckMessage[]>;
  dispose: () => Promise<void>;
}

export async function createNodeFixture(lacks?: string): Promise<NodeFixture> {
  const nats = await createNatsFixture(fleetId, node, { lacks });
  const leaves = await startLeafServer();
  const nodeKey = createSigner(node);
  const folder = mkdtempSync(join(tmpdir(), "chimera-control-"));
  const lines: string[] = [];
  let control: ControlSide | null = null;
  const stop = async () => {
    await control?.stop();
    control = null;
  };
  return {
    nats,
    leaves,
    nodeKey,
    folder,
    lines,
    stop,
    start(how = {}) {
      control = startNode({ nats, leaves, nodeKey, folder, lines }, how);
      return control;
    },
    onDisk: () => readState(folder),
    put: (kind, document) => putKey(nats, keys.desired(kind, fleetId), document),
    putKeySet: (version, envelope) => putKey(nats, keys.keySet(fleetId, version), envelope),
    events: () => storedEvents(nats),
    refusals: async () =>
      (await storedEvents(nats)).flatMap((event) => (event.type === "document-refused" ? [event.data] : [])),
    publish: (subject, document) => publishAs(nats, subject, document),
    listen: () => listenToAcks(nats),
    async dispose() {
      await stop();
      await leaves.close();
      await nats.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Ground = Pick<NodeFixture, "nats" | "leaves" | "nodeKey" | "folder" | "lines">;

function startNode({ nats, leaves, nodeKey, folder, lines }: Ground, how: NodeStart): ControlSide {
  const log = createLog({ fields: {}, level: "debug", write: (line) => lines.push(line) });
  const stored = readState(folder);
  const identity = { node, nodeKey: nodeKey.publicKey };
  const { trustedKeys = firstKeySet, earlier = null, floor = null, beforeSave } = how;
  return startControl({
    node,
    fleetId,
    servers: [nats.url],
    credentials: () => ({ nkey: nats.node, pass: null }),
    signer: nodeKey,
    controllerUrl: leaves.url,
    token: () => token,
    outboxFile: join(folder, "outbox.jsonl"),
    trust: openTrust({ stored, earlier, trustedKeys, fleetId, identity, floor }),
    floor,
    freshSeconds: how.freshSeconds ?? 3600,
    saveTrust: (state) => {
      beforeSave?.();
      writeFileSync(join(folder, "trust.json"), JSON.stringify(state));
    },
    rollout: { value: null, save: () => undefined },
    waves: { value: null, save: () => undefined },
    receipt: { value: null, save: how.saveReceipt ?? (() => undefined) },
    status: (told) => statusOf(told),
    isBack: () => false,
    receiptFacts: (keeper) => composeReceiptFacts(keeper.state(), null, null),
    health: () => healthSample,
    hardware: () => Promise.reject(new Error("not here")),
    onJudged: () => undefined,
    onOrder: how.onOrder ?? (() => null),
    sessionOrders: how.sessionOrders ?? null,
    sessions: how.sessions,
    log,
  });
}

function statusOf(told: Told) {
  const set = told.keeper.keySet();
  return composeStatus({
    node,
    fleetId,
    at: new Date().toISOString(),
    agent: { version: "1", path: null, startedAt: "2026-01-01T00:00:00.000Z", bootId: "b" },
    trust: told.keeper.state(),
    local: { v: 1, order: null, hold: null },
    keys: set === null ? null : { version: set.version, epoch: set.epoch },
    rollout: told.rollout(),
    receipt: told.receipt(),
    wanted: told.keeper.leaf()?.toplevel ?? null,
    problems: told.problems(),
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    pass: null,
  });
}

function readState(folder: string): TrustState | null {
  try {
    return TrustState.parse(JSON.parse(readFileSync(join(folder, "trust.json"), "utf8")));
  } catch {
    return null;
  }
}

async function putKey(nats: NatsFixture, key: string, document: unknown): Promise<void> {
  const operator = await nats.operator();
  const bucket = await operator.jetstream().views.kv(buckets.desired);
  await bucket.put(key, typeof document === "string" ? document : JSON.stringify(document));
}

async function publishAs(nats: NatsFixture, subject: string, document: unknown): Promise<void> {
  const operator = await nats.operator();
  operator.publish(subject, typeof document === "string" ? document : JSON.stringify(document));
  await operator.flush();
}

async function storedEvents(nats: NatsFixture): Promise<NodeEvent[]> {
  const operator = await nats.operator();
  const manager = await operator.jetstreamManager();
  const { state } = await manager.streams.info(streams.events);
  const events: NodeEvent[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(streams.events, { seq });
    events.push(NodeEvent.parse(JSON.parse(message.string())));
  }
  return events;
}

async function listenToAcks(nats: NatsFixture): Promise<AckMessage[]> {
  const heard: AckMessage[] = [];
  const operator = await nats.operator();
  operator.subscribe(subjects.ack(fleetId, node), {
    callback: (_error, message) => heard.push(AckMessage.parse(JSON.parse(message.string()))),
  });
  await operator.flush();
  return heard;
}
