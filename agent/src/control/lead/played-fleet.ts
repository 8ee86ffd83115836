/** SHELL. Tests only: nodes that only speak, on a real nats-server. Each says signed statuses, and does what the record lets it do. */
import { setInterval } from "node:timers/promises";
import type { Digest, NodeName } from "@chimera/proto/names";
import { NodeName as Name, StorePath, WorldId } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { BackReceipts } from "@chimera/proto/rollout/back-receipts";
import { CommitReceipts } from "@chimera/proto/rollout/commit-receipts";
import { WaveReceipts } from "@chimera/proto/rollout/wave-receipts";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import type { StateWord } from "@chimera/proto/state-word";
import type { NodeStatus } from "@chimera/proto/status";
import { buckets, keys, subjects } from "@chimera/proto/subjects";
import type { KV, NatsConnection } from "nats";
import type { z } from "zod";
import { isLetGo } from "../../rollout/rollout-gate.ts";
import { createSigner, fleetId } from "../fleet-fixture.ts";

/** What becomes of a node that was let go; "away" never speaks, one that lingers stays in probation. */
export type Fate = "commits" | "reverts" | "lingers" | "away";

const ends = { commits: "committed", reverts: "reverted", lingers: "probation" } as const;

export interface PlayedFleet {
  keys: ReadonlyMap<NodeName, Signer["publicKey"]>;
  keyOf: (node: NodeName) => Signer["publicKey"];
  record: () => Promise<RolloutRecord | null>;
  receipts: (wave: number) => Promise<WaveReceipts | null>;
  backReceipts: () => Promise<BackReceipts | null>;
  commitReceipts: () => Promise<CommitReceipts | null>;
  /** The store loses all that is about rollouts, and what these nodes said. */
  loseRollout: (...statusesOf: NodeName[]) => Promise<void>;
  /** Every record that was written, oldest first. */
  history: () => Promise<RolloutRecord[]>;
  /** Whoever was let go, in the order in which that was seen. */
  gone: readonly NodeName[];
  /** Something else in the record's place. */
  putRecord: (value: unknown) => Promise<void>;
  /** From now on nobody goes back by a record alone. */
  endConsent: () => void;
  /** Whether its nodes have been told to go back, and did. */
  isBack: () => boolean;
  putHead: (head: Envelope) => Promise<void>;
  putAsk: (order: Envelope) => Promise<void>;
  stop: () => void;
}

const everyMs = 200;

interface Stage {
  client: NatsConnection;
  head: Digest;
  waves: Waves;
  fates: Record<string, Fate>;
  signers: ReadonlyMap<NodeName, Signer>;
  gone: NodeName[];
  /** When the fleet was taken back; null before. */
  backAt: string | null;
  /** By the nodes' own clocks. */
  isConsentOver: boolean;
}

type Waves = readonly (readonly NodeName[])[];

export async function playFleet(
  client: NatsConnection,
  parts: Pick<Stage, "head" | "waves" | "fates">,
): Promise<PlayedFleet> {
  const signers = new Map(parts.waves.flat().map((node) => [node, createSigner(node)] as const));
  const bucket = await client.jetstream().views.kv(buckets.desired);
  const stage: Stage = { client, ...parts, signers, gone: [], backAt: null, isConsentOver: false };
  const record = () => readRecord(bucket);
  const stopping = new AbortController();
  const speakNow = async () => speak(stage, await readScene(bucket, stage));
  await speakNow();
  void (async () => {
    for await (const _ of setInterval(everyMs, null, { signal: stopping.signal })) await speakNow();
  })().catch(() => undefined);
  const publicKeys = new Map([...signers].map(([node, { publicKey }]) => [node, publicKey]));
  return {
    keys: publicKeys,
    keyOf(node) {
      const found = publicKeys.get(node);
      if (found === undefined) throw new Error(`nobody plays ${node}`);
      return found;
    },
    gone: stage.gone,
    record,
    receipts: (wave) => readReceipts(bucket, wave),
    backReceipts: () => readLaid(bucket, "back", BackReceipts),
    commitReceipts: () => readLaid(bucket, "end", CommitReceipts),
    loseRollout: (...nodes) => loseRollout(client, nodes),
    history: () => readHistory(bucket),
    putRecord: async (value) => void (await bucket.put(recordKey, JSON.stringify(value))),
    endConsent: () => (stage.isConsentOver = true),
    isBack: () => stage.backAt !== null,
    putHead: async (sealed) => void (await bucket.put(keys.desired("head", fleetId), JSON.stringify(sealed))),
    putAsk: async (order) => void (await bucket.put(keys.rolloutAsk(fleetId), JSON.stringify(order))),
    stop: () => stopping.abort(),
  };
}

const recordKey = keys.desired("rollout", fleetId);

async function readRecord(bucket: KV): Promise<RolloutRecord | null> {
  const entry = await bucket.get(recordKey);
  return entry === null ? null : (RolloutRecord.safeParse(entry.json()).data ?? null);
}

async function readHistory(bucket: KV): Promise<RolloutRecord[]> {
  const records: RolloutRecord[] = [];
  for await (const entry of await bucket.history({ key: recordKey })) {
    const record = RolloutRecord.safeParse(entry.json());
    if (record.success) records.push(record.data);
    if (entry.delta === 0) break;
  }
  return records;
}

async function readReceipts(bucket: KV, wave: number): Promise<WaveReceipts | null> {
  const entry = await bucket.get(keys.waveReceipts(fleetId, wave));
  return entry === null ? null : WaveReceipts.parse(entry.json());
}

async function readLaid<T>(bucket: KV, end: "back" | "end", schema: z.ZodType<T>): Promise<T | null> {
  const entry = await bucket.get(keys.waveReceipts(fleetId, end));
  return entry === null || entry.length === 0 ? null : schema.parse(entry.json());
}

async function loseRollout(client: NatsConnection, nodes: readonly NodeName[]): Promise<void> {
  const manager = await client.jetstreamManager();
  const filters = [recordKey, keys.waveReceipts(fleetId, "*")].map((key) => `$KV.${buckets.desired}.${key}`);
  for (const filter of filters) await manager.streams.purge(`KV_${buckets.desired}`, { filter });
  for (const node of nodes)
    await manager.streams.purge(`KV_${buckets.status}`, { filter: subjects.status(fleetId, node) });
}

interface StoreScene {
  record: RolloutRecord | null;
  /** For each wave but the first, whether receipts of the one before lie there. */
  isProven: readonly boolean[];
}

async function readScene(bucket: KV, { waves, head }: Stage): Promise<StoreScene> {
  const before = await Promise.all(waves.slice(0, -1).map((_, wave) => readReceipts(bucket, wave)));
  const isProven = before.map((found) => found?.head === head && found.receipts.length > 0);
  return { record: await readRecord(bucket), isProven: [true, ...isProven] };
}

/** Everybody once. */
function speak(stage: Stage, { record, isProven }: StoreScene): void {
  const { client, head, waves, fates, signers, gone } = stage;
  const backAt = returnedAt(stage, record);
  const waveOf = (node: NodeName) => waves.findIndex((nodes) => nodes.includes(node));
  const mayGo = (node: NodeName) =>
    record?.head === head && isProven[waveOf(node)] === true && isReleased(record, waves, node);
  for (const [node, signer] of signers) {
    const fate = fates[node] ?? "commits";
    if (fate === "away") continue;
    if (mayGo(node) && !gone.includes(node)) gone.push(node);
    const word = { node, signer, head, state: gone.includes(node) ? ends[fate] : "staged" } as const;
    say(client, backAt === null ? word : { ...word, state: "committed", backAt });
  }
}

/** Whatever the store says afterwards. */
function returnedAt(stage: Stage, record: RolloutRecord | null): string | null {
  const isAsked = record?.head === stage.head && record.phase === "returned";
  if (isAsked && !stage.isConsentOver) stage.backAt ??= record.at;
  return stage.backAt;
}

function isReleased(record: RolloutRecord, waves: Waves, node: NodeName): boolean {
  const wave = waves.findIndex((nodes) => nodes.includes(node));
  const place = { wave, position: waves[wave]?.indexOf(node) ?? 0 };
  return isLetGo(record, { ...place, index: waves.flat().indexOf(node) });
}

interface Word {
  node: NodeName;
  signer: Signer;
  head: Digest;
  state: StateWord;
  /** It has gone back: when the fleet was taken back, where it knows that. */
  backAt?: string;
}

function say(client: NatsConnection, word: Word): void {
  const { node, signer, state } = word;
  const envelope = seal("status", statusOf(word), [signer]);
  client.publish(subjects.status(fleetId, node), JSON.stringify(envelope));
  client.publish(subjects.beat(fleetId, node), JSON.stringify({ e: 0, s: 1, p: state }));
}

export function statusOf(word: Word): NodeStatus {
  const { node, head, state, backAt } = word;
  const at = new Date().toISOString();
  return {
    v: 1,
    node,
    fleetId,
    at,
    state,
    waiting: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    accepted: { epoch: 0, serial: 1, id: head, world: WorldId.parse("a".repeat(64)), acceptedAt: at },
    wanted: null,
    system: { current: null, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    rollout: backAt === undefined ? null : { phase: "returned", at: backAt },
    receipt: receiptOf(word),
    problem: state === "reverted" ? { code: "activation-failed", message: "unit web failed", at } : null,
  };
}

const toplevel = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);

/** As a node has it: until it begins, the state word is that of the order before, which was committed too. */
function receiptOf({ node, signer, head, state, backAt }: Word): Envelope {
  const at = new Date().toISOString();
  const done = state === "committed" ? at : null;
  return seal(
    "receipt",
    {
      v: 1,
      kind: "receipt",
      fleetId,
      node,
      document: { kind: "head", id: head, epoch: 0, serial: 1, ...(backAt !== undefined && { rank: 1 }) },
      state: state === "staged" ? "committed" : state,
      target: toplevel,
      current: done === null ? null : toplevel,
      times: { ack: at, active: done, pointer: done, boot: done },
      at,
    },
    [signer],
  );
}

export function namesOf(...names: string[]): NodeName[] {
  return names.map((name) => Name.parse(name));
}
