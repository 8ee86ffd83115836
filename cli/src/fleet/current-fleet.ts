/** SHELL. What the fleet is to run now, checked here: the operator signs the next world on top of it. */
import { openHead, type Head } from "@chimera/proto/signed/head";
import { ChimeraError } from "@chimera/proto/errors";
import type { RoleKeys } from "@chimera/proto/signed/envelope";
import type { StoredHead } from "@chimera/proto/api";
import type { Digest, FleetId, WorldId } from "@chimera/proto/names";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import { checkMemory, type Seen } from "./fleet-memory.ts";

export interface CurrentFleet {
  /** Revision that the next head must name. */
  revision: number;
  newest: { head: Head; id: Digest } | null;
  leaves: Leaf[];
}

export interface Trust {
  fleetId: FleetId;
  publish: RoleKeys;
  /** The newest head this operator has seen before. */
  seen: Seen | undefined;
}

/** A controller that shows a forged, foreign or older world must not get it signed again. */
export async function currentFleet(api: ApiClient, trust: Trust): Promise<CurrentFleet> {
  const view = await api.fleet();
  checkFleet(view.fleetId, trust.fleetId);
  if (view.head === null) {
    checkMemory(trust.seen, null);
    return { revision: view.revision, newest: null, leaves: [] };
  }
  const newest = verifyStored(view.head, trust);
  checkMemory(trust.seen, newest);
  return { revision: view.revision, newest, leaves: await verifiedWorld(api, newest.head.world) };
}

export function checkFleet(found: FleetId, wanted: FleetId): void {
  if (found === wanted) return;
  throw new ChimeraError(
    "fleet-mismatch",
    `the controller serves fleet ${found}, the context is for ${wanted}`,
  );
}

/** The signed head inside what the controller stored. */
export function verifyStored(stored: StoredHead, trust: Trust): { head: Head; id: Digest } {
  const { head, id } = openHead(stored.envelope, trust.publish);
  if (id !== stored.id) throw new ChimeraError("hash-mismatch", `head ${stored.id} has the bytes of ${id}`);
  checkFleet(head.fleetId, trust.fleetId);
  return { head, id };
}

export async function verifiedWorld(api: ApiClient, id: WorldId): Promise<Leaf[]> {
  const { leaves } = await api.world(id);
  const found = worldId(leaves);
  if (found === id) return leaves;
  throw new ChimeraError("hash-mismatch", `world ${id}: the controller sent leaves of world ${found}`);
}
