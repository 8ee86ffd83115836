// SHELL. Someone who has the controller's NATS credential, and nothing else: writes what the controller would refuse.
import { readFile } from "node:fs/promises";
import { connect, type NatsConnection } from "nats";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { buckets, keys } from "@chimera/proto/subjects";
import type { Lab } from "../lab/lab.ts";
import { fleetFolder } from "./fleet-folder.ts";

export interface RawStore {
  /** Writes a head document past the controller. */
  putHead(fleetId: string, document: unknown): Promise<void>;
  close(): Promise<void>;
}

/** `identity` names the folder of a host's keys: hub (the controller) or a node. */
export async function openRawStore(lab: Lab, identity = "hub"): Promise<RawStore> {
  const client = await connectAs(lab, identity);
  const bucket = await client.jetstream().views.kv(buckets.desired);
  return {
    putHead: async (fleetId, document) => {
      await bucket.put(keys.desired("head", fleetId), JSON.stringify(document));
    },
    close: () => client.close(),
  };
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
