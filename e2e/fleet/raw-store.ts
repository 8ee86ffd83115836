// SHELL. Someone who has the controller's NATS credential, and nothing else: writes what the controller would refuse.
import { readFile } from "node:fs/promises";
import { connect, type NatsConnection } from "nats";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { buckets } from "@chimera/proto/subjects";
import type { Lab } from "../lab/lab.ts";
import { fleetFolder } from "./fleet-folder.ts";

export interface RawStore {
  /** Writes a key of the fleet's bucket past the controller: bytes as they are, anything else as JSON. */
  put(key: string, document: unknown): Promise<void>;
  /** The newest value of a key as JSON; null where there is none. */
  get(key: string): Promise<unknown>;
  /** As if the key had never been written. */
  erase(key: string): Promise<void>;
  /** Key -> revision of its newest value: what differs was written. */
  revisions(): Promise<Record<string, number>>;
  /** A request to whoever listens on that subject, and the answer as JSON. */
  request(subject: string, document: unknown): Promise<unknown>;
  close(): Promise<void>;
}

const stream = `KV_${buckets.desired}`;

/** `identity` names the folder of a host's keys: hub (the controller) or a node. */
export async function openRawStore(lab: Lab, identity = "hub"): Promise<RawStore> {
  const client = await connectAs(lab, identity);
  const bucket = await client.jetstream().views.kv(buckets.desired);
  const manager = await client.jetstreamManager();
  return {
    put: async (key, document) => {
      await bucket.put(key, bytesOf(document));
    },
    get: async (key) => (await bucket.get(key))?.json() ?? null,
    erase: async (key) => {
      await manager.streams.purge(stream, { filter: `$KV.${buckets.desired}.${key}` });
    },
    revisions: async () => {
      const found: Record<string, number> = {};
      for await (const key of await bucket.keys()) found[key] = (await bucket.get(key))?.revision ?? 0;
      return found;
    },
    request: async (subject, document) =>
      (await client.request(subject, bytesOf(document), { timeout: 5000 })).json(),
    close: () => client.close(),
  };
}

function bytesOf(document: unknown): Uint8Array {
  return document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
}

async function connectAs(lab: Lab, identity: string): Promise<NatsConnection> {
  const seed = parseNkeySeed(await readFile(fleetFolder("identity", identity, "nats.seed"), "utf8"));
  return connect({
    servers: `${lab.host("hub").address}:4222`,
    inboxPrefix: `_INBOX_${identity === "hub" ? "controller" : identity}`,
    authenticator: (nonce?: string) => ({
      nkey: seed.publicKey,
      sig: seed.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
}
