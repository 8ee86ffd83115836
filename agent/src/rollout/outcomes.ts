/** PURE. How far everybody of a rollout is, and who of them failed, by what the lead sees. */
import type { NodeName } from "@chimera/proto/names";
import { indexOf } from "@chimera/proto/rollout/absent-nodes";
import { maxNamedFailures, type FailedNode, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { activationMsOf, probationMsOf } from "@chimera/proto/rollout/patience";
import { provenOf } from "@chimera/proto/rollout/rollout-policy";
import { isLetGo } from "./rollout-gate.ts";
import type { LeadSight } from "./lead-sight.ts";
import { outcomeOf, type Outcome } from "./node-outcome.ts";

export type Outcomes = ReadonlyMap<NodeName, Outcome>;

export interface Failures {
  count: number;
  /** The first of them. */
  named: FailedNode[];
  /** By their names: those that nobody has reached since they began. */
  byContact: readonly NodeName[];
  /** One that has committed, is not well any more, and asks that the fleet go no further. */
  holding: string | null;
}

export function outcomesOf({ waves, nodes, head, nowMs, sinceMs, releasedMs, record }: LeadSight): Outcomes {
  const { policy } = head.head;
  const patience = { probationMs: probationMsOf(policy), activationMs: activationMsOf(policy) };
  const stagingMs = record.phase === "staging" ? nowMs - sinceMs : 0;
  const named = new Set(record.failed?.flatMap(({ node, state }) => (state === "staged" ? [node] : [])));
  const sizes = waves.map(({ length }) => length);
  const of = (wave: number) => (node: NodeName, position: number) => {
    const place = { wave, position, index: indexOf(sizes, { wave, position }) };
    const isNamed = named.has(node) && wasLetGo(record, place);
    const goneMs = isLetGo(record, place) ? nowMs - releasedMs : null;
    const letGoMs = isNamed ? Number.POSITIVE_INFINITY : goneMs;
    return [node, outcomeOf(nodes.get(node), { ...patience, stagingMs, letGoMs })] as const;
  };
  return new Map(waves.flatMap((wave, number) => wave.map(of(number))));
}

/** Whether as many of each wave but the last have committed, by their own signatures, as the next one had to wait for. */
export function isProvenThrough({
  waves,
  policy,
  nodes,
}: Pick<LeadSight, "waves" | "policy" | "nodes">): boolean {
  return waves
    .slice(0, -1)
    .every(
      (wave) =>
        wave.filter((node) => nodes.get(node)?.isProven === true).length >= provenOf(policy, wave.length),
    );
}

/** Whether nodes may begin by the second record that might not by the first; the first is null before any. */
export function letsMoreGo(before: RolloutRecord | null, after: RolloutRecord): boolean {
  if (after.phase !== "waves") return false;
  return before?.phase !== after.phase || !isSame(before.released, after.released);
}

function isSame(one: RolloutRecord["released"], other: RolloutRecord["released"]): boolean {
  return one?.wave === other?.wave && one?.first === other?.first && one?.absent === other?.absent;
}

/** Also while it is paused, and under another lead: who was counted as one that does not begin is one until it begins. */
function wasLetGo({ released }: RolloutRecord, place: Parameters<typeof isLetGo>[1]): boolean {
  return isLetGo({ phase: "waves", released }, place);
}

export function failuresOf({ nodes }: LeadSight, outcomes: Outcomes): Failures {
  const failed = [...outcomes].flatMap(([node, outcome]) =>
    outcome.kind === "failed" ? [{ node, outcome }] : [],
  );
  const holding = failed.find(({ outcome }) => outcome.holds === true);
  return {
    count: failed.length,
    holding: holding === undefined ? null : `${holding.node} ${holding.outcome.reason}`,
    byContact: failed.filter(({ outcome }) => outcome.byContact).map(({ node }) => node),
    named: failed.slice(0, maxNamedFailures).map(({ node, outcome }) => ({
      node,
      state: nodes.get(node)?.state ?? null,
      reason: outcome.reason.slice(0, 256),
    })),
  };
}

export function namesIn(nodes: readonly NodeName[], outcomes: Outcomes, kind: Outcome["kind"]): NodeName[] {
  return nodes.filter((node) => outcomes.get(node)?.kind === kind);
}

export function namesOf(outcomes: Outcomes, kind: Outcome["kind"]): NodeName[] {
  return [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([node]) => node);
}

/** The first three, and how many more. */
export function someOf(nodes: readonly NodeName[]): string {
  const more = nodes.length > 3 ? ` and ${nodes.length - 3} more` : "";
  return `${nodes.slice(0, 3).join(", ")}${more}`;
}

/** For people: how many are how far. */
export function summary(outcomes: Outcomes): string {
  const kinds = ["committed", "under-way", "staged", "getting-ready", "away", "standing", "failed"] as const;
  const counted = kinds.map((kind) => [kind, namesOf(outcomes, kind).length] as const);
  return counted.flatMap(([kind, count]) => (count === 0 ? [] : [`${count} ${kind}`])).join(", ");
}
