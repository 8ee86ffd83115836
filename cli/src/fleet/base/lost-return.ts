/**
 * PURE. Whether a fleet went back from its newest head, by what its nodes sign: where the store has lost the record that would say so,
 * and where it has one that says so, which nobody signs. Without that the world that failed would be signed again for everybody, or
 * the one before it over one that everybody runs.
 */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { CurrentFleet } from "../newest-document.ts";
import type { VerifiedHead } from "../verify-documents.ts";
import { isBorneOut, weighReturn } from "./judge-return.ts";
import { toldOf, type Told } from "./node-words.ts";

/** What is to be weighed: nobody says how the rollout ended, or a record says that the fleet went back. */
export type Question = "lost" | "claimed";

export type Judged = { kind: "head" } | { kind: "returned"; told: Told } | { kind: "unclear"; told: Told };

export interface Doubt {
  head: VerifiedHead;
  told: Told;
  question: Question;
}

/** Null where nobody could have gone back, or the record says that nobody did. */
export function questionOf({
  head,
  panic,
  view,
  effective,
}: Pick<CurrentFleet, "head" | "panic" | "view" | "effective">): Question | null {
  if (head === null || panic !== null) return null;
  if (effective.kind === "returned") return "claimed";
  if (view.rollout?.head === head.id) return null;
  const { policy, revertTo, consentUntil } = head.head;
  return policy.rollout === undefined || revertTo === null || consentUntil === null ? null : "lost";
}

export interface ReturnSight {
  head: VerifiedHead;
  /** Of the head's world, and of the one before it; that is null where nobody here has it. */
  worlds: { head: readonly Leaf[]; before: readonly Leaf[] | null };
  /** Checked against the keys of those leaves; what is not verified says nothing. */
  views: readonly NodeView[];
}

/**
 * More than half of all nodes have signed that they went back; else most of those that answer run what they had, and none has
 * committed. Right after a publication there is no record either: then nobody says anything of a return.
 */
export function judgeReturn(question: Question, { head, worlds, views }: ReturnSight): Judged {
  const told = toldOf({ head, leaves: worlds.head, views });
  if (told.returned * 2 > told.nodes) return { kind: "returned", told };
  if (question === "lost" && told.returned === 0)
    return told.heard * 2 > told.nodes ? { kind: "head" } : { kind: "unclear", told };
  const { before } = worlds;
  const isClear = before !== null && isBorneOut(weighReturn(head, { head: worlds.head, before }, views));
  const isClaimed = question === "claimed" && told.committed === 0;
  return { kind: isClear || isClaimed ? "returned" : "unclear", told };
}

/** In words, for whoever looks. */
function toldText({ head: { head }, told: { nodes, heard, returned, committed }, question }: Doubt): string {
  const what = {
    lost: `the store has no record of the rollout of head ${head.serial}`,
    claimed: `somebody says, unsigned, that the rollout of head ${head.serial} failed and went back`,
  }[question];
  return `${what}; of ${nodes} nodes ${heard} were heard, ${returned} have signed that it went back, ${committed} have committed it`;
}

/** For whoever only looks; null where nothing is in doubt. */
export function lostNote({
  current,
  doubt,
}: {
  current: Pick<CurrentFleet, "head" | "returnedBy">;
  doubt: Doubt | null;
}): string | null {
  if (doubt !== null) return `${toldText(doubt)}: whether it went back is not clear`;
  if (current.returnedBy !== "nodes") return null;
  return `the store has no record of the rollout of head ${current.head?.head.serial ?? 0}: the nodes have signed that it failed and went back`;
}

/** Nothing may be signed on top of what nobody knows. */
export function unclearBase(doubt: Doubt): ChimeraError {
  const { world, revertTo } = doubt.head.head;
  const before = revertTo === null ? "none" : `world ${shortDigest(revertTo)}`;
  return new ChimeraError(
    "held",
    `${toldText(doubt)}. Nothing was signed: find out which world the fleet is on, then say what to build on: --base head (world ${shortDigest(world)}) or --base before (${before})`,
  );
}
