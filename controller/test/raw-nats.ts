/** SHELL. Plain NATS connections for tests: as the controller, or as a node with its own key and inbox. */
import { readFileSync } from "node:fs";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { connect, type NatsConnection } from "nats";
import { controllerInbox } from "../src/nats-config.ts";
import type { TestFleet } from "./test-fleet.ts";

export async function connectAsController(fleet: TestFleet): Promise<{ link: NatsConnection }> {
  const seed = readFileSync(fleet.config.nats.seedFile, "utf8");
  return { link: await connectWith(fleet, seed, controllerInbox) };
}

export function connectAsNode(fleet: TestFleet, node: string): Promise<NatsConnection> {
  return connectWith(fleet, fleet.nodes.get(node)?.seed ?? "", subjects.inboxPrefix(node));
}

export function connectAsOperator(fleet: TestFleet): Promise<NatsConnection> {
  const { publicKey } = parseNkeySeed(fleet.operatorSeed);
  return connectWith(fleet, fleet.operatorSeed, subjects.inboxPrefix(publicKey));
}

export function connectWith(fleet: TestFleet, seed: string, inboxPrefix: string): Promise<NatsConnection> {
  const signer = parseNkeySeed(seed);
  return connect({
    servers: fleet.config.nats.servers,
    inboxPrefix,
    reconnect: false,
    authenticator: (nonce) => ({
      nkey: signer.publicKey,
      sig: signer.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
}
