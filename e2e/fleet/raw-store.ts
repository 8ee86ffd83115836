// SHELL. Someone who has the controller's NATS credential, and nothing else: writes what the controller would refuse.
import { readFile } from "node:fs/promises";
import { connect, type NatsConnection } from "nats";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { AckMessage } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope, payloadOf } from "@chimera/proto/signed/envelope";
import { Receipt } from "@chimera/proto/signed/receipt";
import { NodeStatus } from "@chimera/proto/status";
import { buckets, keys, subjects } from "@chimera/proto/subjects";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { fleetFolder } from "./fleet-folder.ts";

export interface RawStore {
  /** Writes a key of the fleet's bucket past the controller: bytes as they are, anything else as JSON. */
  put(key: string, document: unknown): Promise<void>;
  /** The newest value of a key; undefined where there is none. */
  read(key: string): Promise<unknown>;
  /** As if the key had never been written. */
  erase(key: string): Promise<void>;
  /** Key -> revision of its newest value: what differs was written. */
  revisions(): Promise<Record<string, number>>;
  /** Sends an order straight to a node; answers what the node then says on its own subject. */
  order(node: string, envelope: Envelope): Promise<AckMessage>;
  /** What a node said last, with no controller between. */
  statusOf(node: string): Promise<NodeStatus>;
  close(): Promise<void>;
}

const stream = `KV_${buckets.desired}`;
const inBucket = `$KV.${buckets.desired}.`;

export async function openRawStore(lab: Lab, fleetId: string): Promise<RawStore> {
  await waitUntil("the controller has made the buckets", () => isReady(lab), { timeoutMs: 60_000 });
  const client = await connectAsController(lab);
  const { views } = client.jetstream();
  const bucket = await views.kv(buckets.desired, { bindOnly: true });
  const statuses = await views.kv(buckets.status, { bindOnly: true });
  const manager = await client.jetstreamManager();
  return {
    put: async (key, document) => void (await bucket.put(key, bytesOf(document))),
    read: async (key) => (await bucket.get(key))?.json<unknown>(),
    erase: async (key) => {
      await manager.streams.purge(stream, { filter: `${inBucket}${key}` });
    },
    revisions: async () => {
      const { state } = await manager.streams.info(stream, { subjects_filter: `${inBucket}>` });
      const newest = Object.keys(state.subjects ?? {}).map(async (subject) => {
        const { seq } = await manager.streams.getMessage(stream, { last_by_subj: subject });
        return [subject.slice(inBucket.length), seq] as const;
      });
      return Object.fromEntries(await Promise.all(newest));
    },
    order: async (node, envelope) => {
      const id = sha256(Buffer.from(envelope.payload, "base64"));
      const answers = client.subscribe(subjects.ack(fleetId, node), { timeout: 10_000 });
      client.publish(subjects.cmd(fleetId, node), bytesOf({ envelope }));
      for await (const answer of answers) {
        const message = AckMessage.parse(answer.json());
        if (idOf(message) === id) return message;
      }
      throw new Error(`${node} gives no answer to the order`);
    },
    statusOf: async (node) => {
      const found = await statuses.get(keys.status(fleetId, node));
      const envelope = Envelope.parse(found?.json());
      return NodeStatus.parse(JSON.parse(payloadOf(envelope, "status").toString("utf8")));
    },
    close: () => client.close(),
  };
}

/** Whoever comes first makes them, and the client library would make them without a history. */
async function isReady(lab: Lab): Promise<boolean> {
  const answer = await fetch(`http://${lab.host("hub").address}:7070/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

/** Of the document that it is about: nodes say on this subject what becomes of heads, too. */
function idOf(message: AckMessage): string | null {
  if ("refused" in message) return message.refused.id;
  if ("receipt" in message) return idOf(message.receipt);
  return Receipt.parse(JSON.parse(payloadOf(message, "receipt").toString("utf8"))).document.id;
}

function bytesOf(document: unknown): Uint8Array {
  return document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
}

export async function connectAsController(lab: Lab): Promise<NatsConnection> {
  const seed = parseNkeySeed(await readFile(fleetFolder("identity", "hub", "nats.seed"), "utf8"));
  return connect({
    servers: `${lab.host("hub").address}:4222`,
    inboxPrefix: "_INBOX_controller",
    authenticator: (nonce?: string) => ({
      nkey: seed.publicKey,
      sig: seed.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
}
