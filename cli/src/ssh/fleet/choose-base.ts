/** SHELL. Which world the next head is built on, where somebody says that the newest one's rollout went back. */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { nodeKeysOf } from "../../fleet/check-view.ts";
import {
  contradiction,
  isBorneOut,
  returnedTo,
  weighReturn,
  type ChosenBase,
} from "../../fleet/base/judge-return.ts";
import type { KnownFleet } from "./known-fleet.ts";
import { viewOf, type Surveyed } from "./survey-nodes.ts";

interface BaseSources {
  fleetId: FleetId;
  chosen: ChosenBase | undefined;
  reports: readonly Extract<Surveyed, { kind: "report" }>[];
  /** Throws world-unknown. */
  world: (id: WorldId) => Promise<Leaf[]>;
}

/** What the next head is built on. Throws held where nodes contradict each other, and nobody has chosen. */
export async function baseOf(
  found: KnownFleet,
  { fleetId, chosen, reports, world }: BaseSources,
): Promise<KnownFleet["effective"]> {
  const { head, panic, effective, isReturnClaimed } = found;
  if (head === null || panic !== null || chosen === "head") return effective;
  if (chosen === "before") return returnedTo(head);
  const { revertTo } = head.head;
  if (!isReturnClaimed || revertTo === null) return effective;
  const [own, before] = await Promise.all([
    world(head.head.world).catch(orNull),
    world(revertTo).catch(orNull),
  ]);
  if (own === null || before === null) throw contradiction(head, null);
  const keyOf = nodeKeysOf(own);
  const views = reports.map((one) => viewOf(one, { fleetId, keyOf }));
  const evidence = weighReturn(head, { head: own, before }, views);
  if (!isBorneOut(evidence)) throw contradiction(head, evidence);
  return returnedTo(head);
}

function orNull(error: unknown): null {
  if (error instanceof ChimeraError) return null;
  throw error;
}
