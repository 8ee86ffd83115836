/** SHELL. What the fleet is to run now, checked here: the operator signs the next world on top of it. */
import type { FleetView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { observedWorld } from "@chimera/proto/effective";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import { checkMemory } from "./fleet-memory.ts";
import { newerOf, newestOf, verifyNewest, type CurrentFleet, type Seen } from "./newest-document.ts";
import type { Trust } from "./verify-documents.ts";

interface Surroundings {
  /** As the controller shows it. */
  view: FleetView;
  seen: readonly Seen[];
  /** What counts where the store is behind it: only after `chimera reseed` has said so. */
  copy: Pick<CurrentFleet, "head" | "panic"> | null;
  nowMs: number;
  /** Told where the controller lacks the world that was signed, by whoever only looks; absent: that is an error. */
  onMissingWorld?: ((error: ChimeraError) => void) | undefined;
}

/** A controller that shows a forged, foreign or older world must not get it signed again. */
export async function currentFleet(
  api: Pick<ApiClient, "world">,
  trust: Trust,
  { view, seen, copy, nowMs, onMissingWorld }: Surroundings,
): Promise<CurrentFleet> {
  checkFleet(view.fleetId, trust.fleetId);
  const shown = verifyNewest(view, trust);
  const documents = newerOf(shown, copy);
  checkMemory(seen, newestOf(documents));
  const effective = observedWorld({ ...documents, rollout: view.rollout, nowMs });
  const leaves = effective.kind === "none" ? [] : await leavesOf(api, effective.world, onMissingWorld);
  const stored = newestOf(shown)?.id ?? null;
  const by = effective.kind === "returned" ? ({ returnedBy: "record" } as const) : {};
  return { view, revision: view.revision, ...documents, stored, effective, ...by, leaves };
}

function checkFleet(found: FleetId, wanted: FleetId): void {
  if (found === wanted) return;
  throw new ChimeraError(
    "fleet-mismatch",
    `the controller serves fleet ${found}, the context is for ${wanted}`,
  );
}

async function leavesOf(
  api: Pick<ApiClient, "world">,
  world: WorldId,
  onMissing: Surroundings["onMissingWorld"],
): Promise<Leaf[]> {
  return verifiedWorld(api, world).catch((error: unknown) => {
    if (onMissing === undefined || !(error instanceof ChimeraError) || error.code !== "world-unknown")
      throw error;
    onMissing(error);
    return [];
  });
}

export async function verifiedWorld(api: Pick<ApiClient, "world">, id: WorldId): Promise<Leaf[]> {
  const { leaves } = await api.world(id);
  const found = worldId(leaves);
  if (found === id) return leaves;
  throw new ChimeraError("hash-mismatch", `world ${id}: the controller sent leaves of world ${found}`);
}
