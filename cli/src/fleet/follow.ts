/** SHELL. Follows nodes to a head until each has committed or failed, or the time is up; the head goes on without us. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import { nodeOutcome, type Goal, type NodeOutcome } from "./node-outcome.ts";

const pollMs = 400;
const pollManyMs = 1500;
/** Up to here nodes are asked one by one: a list of the whole fleet would be larger. */
const fewNodes = 8;

/** Shows how far the nodes are: bars, lines or NDJSON. */
export interface FollowView {
  update(outcomes: ReadonlyMap<NodeName, NodeOutcome>): void;
  end(): void;
}

/** Throws rollout-failed, or deadline-exceeded with who is missing. */
export async function follow(
  io: Io,
  { api, view, timeoutSeconds }: { api: ApiClient; view: FollowView; timeoutSeconds: number },
  goals: readonly Goal[],
): Promise<void> {
  const deadline = io.nowMs() + timeoutSeconds * 1000;
  const outcomes = new Map<NodeName, NodeOutcome>();
  try {
    for (;;) {
      await look(api, goals, outcomes);
      view.update(outcomes);
      const open = namesOf(outcomes, "waiting");
      if (open.length === 0) break;
      if (io.nowMs() > deadline)
        throw new ChimeraError("deadline-exceeded", timeoutMessage(outcomes, timeoutSeconds));
      await io.sleep(goals.length > fewNodes ? pollManyMs : pollMs);
    }
  } finally {
    view.end();
  }
  const failed = namesOf(outcomes, "failed");
  if (failed.length === 0) return;
  const reasons = failed.map((node) => `${node}: ${reasonOf(outcomes.get(node))}`).join("; ");
  throw new ChimeraError("rollout-failed", `${failed.length} of ${goals.length} nodes failed: ${reasons}`);
}

async function look(
  api: ApiClient,
  goals: readonly Goal[],
  outcomes: Map<NodeName, NodeOutcome>,
): Promise<void> {
  const open = goals.filter(({ node }) => (outcomes.get(node)?.kind ?? "waiting") === "waiting");
  const views =
    open.length > fewNodes ? await api.nodes() : await Promise.all(open.map(({ node }) => api.node(node)));
  const byName = new Map<NodeName, NodeView>(views.map((view) => [view.node, view]));
  for (const goal of goals) {
    const known = outcomes.get(goal.node);
    if (known === undefined || known.kind === "waiting") {
      outcomes.set(goal.node, nodeOutcome(byName.get(goal.node), goal));
    }
  }
}

function namesOf(outcomes: ReadonlyMap<NodeName, NodeOutcome>, kind: NodeOutcome["kind"]): NodeName[] {
  return [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([node]) => node);
}

function reasonOf(outcome: NodeOutcome | undefined): string {
  return outcome?.kind === "failed" ? outcome.reason : "";
}

function timeoutMessage(outcomes: ReadonlyMap<NodeName, NodeOutcome>, seconds: number): string {
  const open = [...outcomes].flatMap(([node, outcome]) =>
    outcome.kind === "waiting"
      ? [`${node} (${outcome.state}${outcome.detail === "" ? "" : `, ${outcome.detail}`})`]
      : [],
  );
  const failed = [...outcomes].flatMap(([node, outcome]) =>
    outcome.kind === "failed" ? [`${node} (failed: ${outcome.reason})`] : [],
  );
  const list = [...open, ...failed].slice(0, 20).join(", ");
  return `after ${seconds} s not committed: ${list}; the head stays published and nodes go on`;
}
