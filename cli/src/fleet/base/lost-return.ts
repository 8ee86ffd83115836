/**
 * PURE. Whether a fleet went back from its newest head, where the store has lost the record that would say so: by what the nodes sign
 * of it. Without that the world that failed would be signed again for everybody.
 */
import type { NodeView } from "@chimera/proto/api";
import { mayReturn } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { CurrentFleet } from "../newest-document.ts";
import type { VerifiedHead } from "../verify-documents.ts";
import { isBorneOut, weighReturn } from "./judge-return.ts";

/** What nodes of the head's world say, each by its own signature. */
export interface Told {
  nodes: number;
  heard: number;
  /** That this head's rollout went back, at a time when it might. */
  returned: number;
  /** That they have committed it. */
  committed: number;
}

export type LostReturn =
  | { kind: "head" }
  | { kind: "returned"; told: Told }
  | { kind: "unclear"; told: Told };

/** The head whose record is missing; null where none is, and where nobody could have gone back. */
export function headWithoutRecord({
  head,
  panic,
  view,
}: Pick<CurrentFleet, "head" | "panic" | "view">): VerifiedHead | null {
  if (head === null || panic !== null || view.rollout?.head === head.id) return null;
  const { policy, revertTo, consentUntil } = head.head;
  return policy.rollout === undefined || revertTo === null || consentUntil === null ? null : head;
}

export interface LostSight {
  head: VerifiedHead;
  /** Of the head's world, and of the one before it; that is null where nobody here has it. */
  worlds: { head: readonly Leaf[]; before: readonly Leaf[] | null };
  /** Checked against the keys of those leaves; what is not verified says nothing. */
  views: readonly NodeView[];
  nowMs: number;
}

/** Right after a publication there is no record either: then nobody says anything of a return. */
export function judgeLost(sight: LostSight): LostReturn {
  const { head, worlds, views } = sight;
  const told = toldOf(sight);
  if (told.returned === 0) return told.heard * 2 >= told.nodes ? { kind: "head" } : { kind: "unclear", told };
  if (told.returned * 2 >= told.nodes) return { kind: "returned", told };
  const { before } = worlds;
  const isClear = before !== null && isBorneOut(weighReturn(head, { head: worlds.head, before }, views));
  return isClear ? { kind: "returned", told } : { kind: "unclear", told };
}

function toldOf({ head, worlds, views, nowMs }: LostSight): Told {
  const names = new Set(worlds.head.map(({ node }) => node));
  const heard = views.flatMap(({ node, status, verified }) =>
    verified && status !== null && names.has(node) ? [status] : [],
  );
  const about = heard.filter(({ accepted }) => accepted?.id === head.id);
  const isReturn = ({ rollout = null }: (typeof about)[number]) =>
    rollout?.phase === "returned" && mayReturn(head.head, Math.min(nowMs, Date.parse(rollout.at ?? "")));
  const leaves = new Map(worlds.head.map(({ node, toplevel }) => [node, toplevel]));
  return {
    nodes: names.size,
    heard: heard.length,
    returned: about.filter(isReturn).length,
    committed: about.filter(
      (status) =>
        !isReturn(status) &&
        status.state === "committed" &&
        status.system.current === leaves.get(status.node),
    ).length,
  };
}

/** In words, for whoever looks. */
function toldText({ head }: VerifiedHead, { nodes, heard, returned, committed }: Told): string {
  return `the store has no record of the rollout of head ${head.serial}; of ${nodes} nodes ${heard} were heard, ${returned} have signed that it went back, ${committed} have committed it`;
}

/** For whoever only looks; null where the record is there. */
export function lostNote({
  current,
  doubt,
}: {
  current: Pick<CurrentFleet, "head" | "returnedBy">;
  doubt: { head: VerifiedHead; told: Told } | null;
}): string | null {
  if (doubt !== null) return `${toldText(doubt.head, doubt.told)}: whether it went back is not clear`;
  if (current.returnedBy !== "nodes") return null;
  return `the store has no record of the rollout of head ${current.head?.head.serial ?? 0}: the nodes have signed that it failed and went back`;
}

/** Nothing may be signed on top of what nobody knows. */
export function unclearBase(head: VerifiedHead, told: Told): ChimeraError {
  const { world, revertTo } = head.head;
  const before = revertTo === null ? "none" : `world ${shortDigest(revertTo)}`;
  return new ChimeraError(
    "held",
    `${toldText(head, told)}. Nothing was signed: find out which world the fleet is on, then say what to build on: --base head (world ${shortDigest(world)}) or --base before (${before})`,
  );
}
