/** SHELL. What signatures are checked against: the fleet's newest key set, and what was verified before. */
import type { Digest, FleetId } from "@chimera/proto/names";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import { readSeen } from "./fleet-memory.ts";
import { fleetKeys, type FleetKeys } from "./key-chain.ts";
import type { Seen } from "./newest-document.ts";
import type { Trust } from "./verify-documents.ts";

export interface CreatedTrust {
  keys: FleetKeys;
  trust: Trust;
  /** Newest last. */
  seen: Seen[];
}

export async function createTrust(
  io: Io,
  {
    api,
    fleetId,
    trustHead,
  }: { api: Pick<ApiClient, "keys">; fleetId: FleetId; trustHead?: Digest | undefined },
): Promise<CreatedTrust> {
  const keys = await fleetKeys(io, api, { fleetId });
  const seen = await readSeen(io, fleetId);
  const { newest, chain } = keys;
  const known = new Set(seen.map(({ id }) => id));
  return { keys, trust: { fleetId, roles: newest.set.roles, chain, known, vouched: trustHead }, seen };
}
