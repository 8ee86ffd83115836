/** SHELL. What the next head is built on, where the store has no record of the newest head's rollout, or a person says it. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../../api/api-client.ts";
import type { Io } from "../../io.ts";
import { verifiedWorld } from "../current-fleet.ts";
import type { CurrentFleet } from "../newest-document.ts";
import type { VerifiedHead } from "../verify-documents.ts";
import { keptWorld } from "../world-copy.ts";
import { returnedTo, type ChosenBase } from "./judge-return.ts";
import { headWithoutRecord, judgeLost, type Told } from "./lost-return.ts";

export interface Settled {
  current: CurrentFleet;
  /** What nodes say of a head that may have been taken back, where that is not clear: `current` goes by the head then. */
  doubt: { head: VerifiedHead; told: Told } | null;
}

export interface BaseSources {
  api: Pick<ApiClient, "world">;
  fleetId: FleetId;
  current: CurrentFleet;
  /** `verified` as checked here. */
  nodes: readonly NodeView[];
  /** By a person; undefined: nobody has said. */
  chosen: ChosenBase | undefined;
}

export async function settleBase(io: Io, sources: BaseSources): Promise<Settled> {
  const { current, nodes, chosen } = sources;
  const { head, panic } = current;
  if (chosen === "before" && head !== null && panic === null)
    return { current: await back(io, sources, { head, returnedBy: "choice" }), doubt: null };
  const lost = headWithoutRecord(current);
  if (lost === null || chosen === "head" || current.leaves.length === 0) return { current, doubt: null };
  const before = await worldOf(io, sources, lost.head.revertTo).catch(orNull);
  const worlds = { head: current.leaves, before };
  const judged = judgeLost({ head: lost, worlds, views: nodes, nowMs: io.nowMs() });
  switch (judged.kind) {
    case "head":
      return { current, doubt: null };
    case "unclear":
      return { current, doubt: { head: lost, told: judged.told } };
    case "returned":
      return { current: await back(io, sources, { head: lost, returnedBy: "nodes" }), doubt: null };
  }
}

async function back(
  io: Io,
  sources: BaseSources,
  { head, returnedBy }: { head: VerifiedHead; returnedBy: "nodes" | "choice" },
): Promise<CurrentFleet> {
  const effective = returnedTo(head);
  const leaves = await worldOf(io, sources, head.head.revertTo);
  return { ...sources.current, effective, leaves, returnedBy };
}

/** Of the controller, else this operator's copy. Throws what the controller said where neither has it. */
async function worldOf(
  io: Io,
  { api, fleetId }: Pick<BaseSources, "api" | "fleetId">,
  world: WorldId | null,
): Promise<Leaf[]> {
  if (world === null) return [];
  return verifiedWorld(api, world).catch(async (error: unknown) => {
    const kept = await keptWorld(io, fleetId, world);
    if (kept !== null) return kept;
    throw error;
  });
}

function orNull(error: unknown): null {
  if (error instanceof ChimeraError) return null;
  throw error;
}
