/** SHELL. What every command needs that reads signed documents: context, API, and the walked key sets. No key of anybody. */
import { effectiveWorld, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedHead } from "@chimera/proto/signed/head";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import { currentContext, type NamedContext } from "../context/current-context.ts";
import { fleetKeys, walkFleetKeys } from "../fleet/key-chain.ts";
import type { Io } from "../io.ts";
import { checkMemory, readSeen } from "../fleet/fleet-memory.ts";
import { genuineHeads } from "../fleet/head-history.ts";
import { newestOf, verifyNewest } from "../fleet/newest-document.ts";
import type { Trust } from "../fleet/verify-documents.ts";
import { openSignedHead, type Vouched, type WalkedChain } from "./open-signed.ts";

export interface FleetReader {
  context: NamedContext;
  api: ApiClient;
  fleetId: FleetId;
  chain: WalkedChain;
  newest: OpenedKeySet;
  keySets: Envelope[];
}

export type KnownHead = OpenedHead & Vouched & { envelope: Envelope };

export async function createReader(io: Io, contextName: string | undefined): Promise<FleetReader> {
  const context = await currentContext(io, contextName);
  const { fleetId } = context;
  const api = await createApiClient(io, context);
  const { newest, envelopes } = await fleetKeys(io, api, context);
  return { context, api, fleetId, newest, keySets: envelopes, chain: walkFleetKeys(envelopes, fleetId) };
}

/** The history as it was signed, newest first; what is not genuine is told and left out. */
export async function knownHeads(io: Io, reader: FleetReader): Promise<KnownHead[]> {
  const [{ heads }, { panic }, trust] = await Promise.all([
    reader.api.heads(),
    reader.api.fleet(),
    trustOf(io, reader),
  ]);
  return genuineHeads(heads, panic, trust).flatMap((stored, i) => {
    if (stored !== undefined) {
      return [{ ...openSignedHead(reader.chain, stored.envelope), envelope: stored.envelope }];
    }
    io.err(`warning: head ${heads[i]?.id ?? ""} of the controller is not genuine, and left out\n`);
    return [];
  });
}

/** What the fleet shall run now. Throws world-unknown before the first head, order-stale for less than was seen here. */
export async function effectiveNow(
  io: Io,
  reader: FleetReader,
): Promise<Exclude<Effective, { kind: "none" }>> {
  const [view, seen, trust] = await Promise.all([
    reader.api.fleet(),
    readSeen(io, reader.fleetId),
    trustOf(io, reader),
  ]);
  const newest = verifyNewest(view, trust);
  checkMemory(seen, newestOf(newest));
  const effective = effectiveWorld({ ...newest, rollout: view.rollout, nowMs: io.nowMs() });
  if (effective.kind !== "none") return effective;
  throw new ChimeraError("world-unknown", "the fleet has no head yet");
}

async function trustOf(io: Io, { fleetId, newest }: FleetReader): Promise<Trust> {
  const seen = await readSeen(io, fleetId);
  return { fleetId, roles: newest.set.roles, known: new Set(seen.map(({ id }) => id)) };
}
