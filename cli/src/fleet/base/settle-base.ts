/** SHELL. What the next head is built on, where the record of the newest head's rollout is lost or says that it went back, or a person says it. */
import type { NodeView } from "@chimera/proto/api";
import { observedWorld } from "@chimera/proto/effective";
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
import { judgeReturn, questionOf, type Doubt, type Question } from "./lost-return.ts";

export interface Settled {
  current: CurrentFleet;
  /** What nodes say of a head that may have been taken back, where that is not clear: `current` goes by the head then. */
  doubt: Doubt | null;
}

export interface BaseSources {
  api: Pick<ApiClient, "world">;
  fleetId: FleetId;
  current: CurrentFleet;
  /** Checked against the keys of these leaves. */
  nodesBy: (leaves: readonly Leaf[]) => NodeView[];
  /** By a person; undefined: nobody has said. */
  chosen: ChosenBase | undefined;
}

export async function settleBase(io: Io, sources: BaseSources): Promise<Settled> {
  const { current, chosen } = sources;
  const { head, panic } = current;
  if (head === null || panic !== null) return { current, doubt: null };
  if (chosen === "before") {
    return { current: await back(io, sources, { head, returnedBy: "choice" }), doubt: null };
  }
  if (chosen === "head") return { current: await onHead(io, sources, head), doubt: null };
  const question = questionOf(current);
  return question === null ? { current, doubt: null } : weigh(io, sources, { head, question });
}

async function weigh(
  io: Io,
  sources: BaseSources,
  { head, question }: { head: VerifiedHead; question: Question },
): Promise<Settled> {
  const { current, nodesBy } = sources;
  const isClaimed = question === "claimed";
  const own = isClaimed ? await worldOf(io, sources, head.head.world).catch(orNull) : current.leaves;
  // Nobody has the world that the nodes would be compared with.
  if (own === null || own.length === 0) return { current, doubt: null };
  const before = isClaimed ? current.leaves : await worldOf(io, sources, head.head.revertTo).catch(orNull);
  const judged = judgeReturn(question, { head, worlds: { head: own, before }, views: nodesBy(own) });
  switch (judged.kind) {
    case "head":
      return { current, doubt: null };
    case "unclear":
      return { current: await onHead(io, sources, head), doubt: { head, told: judged.told, question } };
    case "returned":
      return {
        current: isClaimed ? current : await back(io, sources, { head, returnedBy: "nodes" }),
        doubt: null,
      };
  }
}

/** Whatever a record says. */
async function onHead(io: Io, sources: BaseSources, head: VerifiedHead): Promise<CurrentFleet> {
  const { current } = sources;
  if (current.effective.kind !== "returned") return current;
  const { returnedBy: _, ...rest } = current;
  const effective = observedWorld({ head, panic: null, rollout: null, nowMs: io.nowMs() });
  return { ...rest, effective, leaves: await worldOf(io, sources, head.head.world) };
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
