/** PURE. Nodes that go through the same, told once: a thousand equal web servers are one plan. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { SpacePlan } from "./judge-space.ts";
import { isIdle, type SwitchPlan } from "./plan-switch.ts";

/** What the node must get; null where a closure list could not be had. */
export interface NewBytes {
  /** Of all NARs of the new closure. */
  closure: number;
  /** Of the paths that the old closure does not have, and their number. */
  missing: number;
  paths: number;
}

export interface NodePlan {
  /** Null for two systems that belong to no node. */
  node: NodeName | null;
  from: StorePath | null;
  to: StorePath | null;
  /** Null where one side is missing: the node joins or leaves. */
  plan: SwitchPlan | null;
  /** Why there is no plan, where there should be one. */
  problem: string | null;
  /** Of the problem. */
  code: ErrorCode | null;
  bytes: NewBytes | null;
  /** Null where the node gets nothing. */
  space: SpacePlan | null;
}

export interface PlanGroup {
  kind: "same" | "idle" | "switch" | "joins" | "leaves" | "unknown";
  plan: SwitchPlan | null;
  problem: string | null;
  nodes: NodePlan[];
}

/** Those with work first, in the order of their first node. */
export function groupPlans(nodes: readonly NodePlan[]): PlanGroup[] {
  const groups = Map.groupBy(nodes, (node) => JSON.stringify([kindOf(node), node.plan, node.problem]));
  const all = [...groups.values()].flatMap((members): PlanGroup[] => {
    const [first] = members;
    return first === undefined
      ? []
      : [{ kind: kindOf(first), plan: first.plan, problem: first.problem, nodes: members }];
  });
  return [...all.filter(({ kind }) => kind !== "same"), ...all.filter(({ kind }) => kind === "same")];
}

function kindOf({ from, to, plan, problem }: NodePlan): PlanGroup["kind"] {
  if (problem !== null) return "unknown";
  if (to === null) return "leaves";
  if (from === null) return "joins";
  if (from === to || plan === null) return "same";
  return isIdle(plan) ? "idle" : "switch";
}
