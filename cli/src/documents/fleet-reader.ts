/** SHELL. What every command needs that reads signed documents: context, API, and the walked key sets. No key of anybody. */
import { observedWorld, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedHead } from "@chimera/proto/signed/head";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import { currentContext, type NamedContext } from "../context/current-context.ts";
import { createTrust } from "../fleet/create-trust.ts";
import type { Io } from "../io.ts";
import { checkMemory } from "../fleet/fleet-memory.ts";
import { genuineHeads } from "../fleet/head-history.ts";
import { newestOf, verifyNewest, type Seen } from "../fleet/newest-document.ts";
import type { Trust } from "../fleet/verify-documents.ts";
import { openSignedHead, type Vouched, type WalkedChain } from "./open-signed.ts";

export interface FleetReader {
  context: NamedContext;
  api: ApiClient;
  fleetId: FleetId;
  chain: WalkedChain;
  trust: Trust;
  /** Newest last. */
  seen: readonly Seen[];
  newest: OpenedKeySet;
}

/** As much of it as verifies a history. */
export interface HistoryReader extends Pick<FleetReader, "chain" | "trust"> {
  api: Pick<ApiClient, "heads" | "fleet" | "pastDocuments" | "eventPage" | "world">;
}

export type KnownHead = OpenedHead & Vouched & { envelope: Envelope };
/** `storedAt`: by the clock of the store. */
export type StoredKnownHead = KnownHead & { storedAt: string };

export async function createReader(io: Io, contextName: string | undefined): Promise<FleetReader> {
  const context = await currentContext(io, contextName);
  const { fleetId } = context;
  const api = await createApiClient(io, context);
  const { keys, trust, seen } = await createTrust(io, { api, fleetId });
  return { context, api, fleetId, trust, seen, newest: keys.newest, chain: keys.chain };
}

/** The history as it was signed, newest first; what is not genuine is told and left out. */
export async function knownHeads(io: Pick<Io, "err">, reader: HistoryReader): Promise<StoredKnownHead[]> {
  const [{ heads }, { panic }] = await Promise.all([reader.api.heads(), reader.api.fleet()]);
  return genuineHeads(heads, panic, reader.trust).flatMap((stored, i) => {
    if (stored !== undefined) {
      const { envelope, storedAt } = stored;
      return [{ ...openSignedHead(reader.chain, envelope), envelope, storedAt }];
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
  const view = await reader.api.fleet();
  const newest = verifyNewest(view, reader.trust);
  checkMemory(reader.seen, newestOf(newest));
  const effective = observedWorld({ ...newest, rollout: view.rollout, nowMs: io.nowMs() });
  if (effective.kind !== "none") return effective;
  throw new ChimeraError("world-unknown", "the fleet has no head yet");
}
