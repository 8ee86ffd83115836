/** SHELL. Follows nodes to a head until each has committed or failed, or the time is up; the head goes on without us. */
import type { FleetView, NodeView } from "@chimera/proto/api";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import { provenOf } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { ApiClient } from "../../api/api-client.ts";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { checkView } from "../check-view.ts";
import { nodeOutcome, type Goal, type NodeOutcome } from "./node-outcome.ts";
import { rolloutVerdict } from "./rollout-verdict.ts";

const pollMs = 200;
const pollManyMs = 1500;
/** Up to here nodes are asked one by one: a list of the whole fleet would be larger. */
const fewNodes = 8;
/** As many as somebody reads at the end of a failed command. */
const mostNamed = 20;

/** Shows how far the nodes are: bars, lines or NDJSON. */
export interface FollowView {
  update(outcomes: ReadonlyMap<NodeName, NodeOutcome>): void;
  /** What the lead does, where there is one. */
  lead(record: RolloutRecord): void;
  end(): void;
}

type Outcomes = Map<NodeName, NodeOutcome>;

export interface Following {
  api: Pick<ApiClient, "fleet" | "node" | "nodes">;
  view: FollowView;
  timeoutSeconds: number;
  /** Where a lead drives it in waves: it may end with nodes away, when so many per cent of them have committed. */
  inWaves?: { head: Digest; proven: number } | undefined;
}

/** Who is away and comes along later; empty without waves. Throws rollout-failed, or deadline-exceeded with who is missing. */
export async function follow(io: Io, following: Following, goals: readonly Goal[]): Promise<NodeName[]> {
  const { view } = following;
  const outcomes: Outcomes = new Map(goals.map(({ node }) => [node, notYet]));
  try {
    await watch(io, following, { goals, outcomes });
  } finally {
    view.end();
  }
  const failed = namesOf(outcomes, "failed");
  if (failed.length === 0) return namesOf(outcomes, "waiting");
  const reasons = failed.slice(0, mostNamed).map((node) => `${node}: ${reasonOf(outcomes.get(node))}`);
  const more = failed.length > mostNamed ? `; and ${failed.length - mostNamed} more` : "";
  throw new ChimeraError(
    "rollout-failed",
    `${failed.length} of ${goals.length} nodes failed: ${reasons.join("; ")}${more}`,
  );
}

/** Until nobody is waited for. */
async function watch(
  io: Io,
  following: Following,
  { goals, outcomes }: { goals: readonly Goal[]; outcomes: Outcomes },
): Promise<void> {
  const { api, view, timeoutSeconds } = following;
  const deadline = performance.now() + timeoutSeconds * 1000;
  const stalled = createStalled();
  const led = createLedWatch(following, goals[0]?.head.id);
  for (;;) {
    const outage = await look(api, goals, outcomes);
    stalled.judge(outcomes);
    io.signal.throwIfAborted();
    view.update(outcomes);
    if (namesOf(outcomes, "waiting").length === 0 || (await led.isOver(outcomes))) return;
    if (performance.now() > deadline) {
      const message = timeoutMessage(outcomes, timeoutSeconds);
      throw new ChimeraError("deadline-exceeded", message, outage === undefined ? {} : { cause: outage });
    }
    await io.sleep(goals.length > fewNodes ? pollManyMs : pollMs);
  }
}

/** What a node has signed reaches the lead a little before it reaches us. */
const lateMs = 5000;

/** Without waves the fleet is looked at so often. */
const fleetMs = 2000;

/** Throws rollout-failed where the lead has stopped, and where a panic undid the head: its nodes say no more of it then. */
function createLedWatch(
  { api, view, inWaves }: Following,
  head: Digest | undefined,
): { isOver: (outcomes: Outcomes) => Promise<boolean> } {
  let lookedMs = performance.now();
  const isLed = createLedEnd(view, inWaves);
  return {
    async isOver(outcomes) {
      if (inWaves === undefined && performance.now() - lookedMs < fleetMs) return false;
      lookedMs = performance.now();
      const fleet = await fleetNow(api);
      requireNoPanic(fleet, head);
      return isLed(fleet?.rollout ?? null, outcomes);
    },
  };
}

/** Whether the lead has ended it, and its nodes bear that out. */
function createLedEnd(
  view: FollowView,
  inWaves: Following["inWaves"],
): (record: RolloutRecord | null, outcomes: Outcomes) => boolean {
  let overSince: number | null = null;
  return (record, outcomes) => {
    if (inWaves === undefined) return false;
    if (record?.head === inWaves.head) view.lead(record);
    const verdict = rolloutVerdict(record, inWaves.head);
    if (verdict.kind === "stopped") throw new ChimeraError("rollout-failed", verdict.message);
    if (verdict.kind === "going") {
      // Anybody can write for a moment that it is over.
      overSince = null;
      return false;
    }
    overSince ??= performance.now();
    if (performance.now() - overSince <= lateMs) return false;
    requireProof(outcomes, inWaves.proven);
    return true;
  };
}

/** The record is signed by nobody: that a fleet has committed is its nodes' word. */
function requireProof(outcomes: Outcomes, proven: number): void {
  const committed = namesOf(outcomes, "committed").length;
  if (committed >= provenOf({ proven }, outcomes.size)) return;
  throw new ChimeraError(
    "rollout-failed",
    `the rollout is said to be over, but only ${committed} of ${outcomes.size} nodes have signed that they committed`,
  );
}

/** Unchecked: it ends our waiting, and proves nothing. */
function requireNoPanic(fleet: FleetView | null, head: Digest | undefined): void {
  if (fleet?.panic === null || fleet?.panic.panic.undoes !== head) return;
  throw new ChimeraError(
    "rollout-failed",
    "a panic undid it, and nodes go back: chimera status shows how far they are",
  );
}

/** Null while the controller does not answer. */
async function fleetNow(api: Pick<ApiClient, "fleet">): Promise<FleetView | null> {
  try {
    return await api.fleet();
  } catch (error) {
    if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return null;
    throw error;
  }
}

/** Longer than a node needs to begin with a head that it has taken. */
const stalledMs = 4000;

/** What could be said of the order before is one of this head once it stays. */
function createStalled(): { judge: (outcomes: Outcomes) => void } {
  const since = new Map<NodeName, { reason: string; atMs: number }>();
  return {
    judge(outcomes) {
      for (const [node, outcome] of outcomes) {
        const reason = outcome.kind === "waiting" ? outcome.failsAs : undefined;
        const first = since.get(node);
        if (reason === undefined) since.delete(node);
        else if (first?.reason !== reason) since.set(node, { reason, atMs: performance.now() });
        else if (performance.now() - first.atMs > stalledMs) outcomes.set(node, { kind: "failed", reason });
      }
    },
  };
}

const notYet: NodeOutcome = { kind: "waiting", state: "silent", detail: "not looked at yet", fetch: null };

/** What kept us from looking: the nodes work without the controller, so following outlives its restart. */
async function look(api: Following["api"], goals: readonly Goal[], outcomes: Outcomes): Promise<unknown> {
  const open = goals.filter(({ node }) => outcomes.get(node)?.kind === "waiting");
  const found = await viewsOf(api, open).catch((error: unknown) => {
    if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return error;
    throw error;
  });
  if (found instanceof ChimeraError) {
    const detail = `the controller does not answer: ${printableLine(errorChain(found))}`;
    for (const { node } of open)
      outcomes.set(node, { kind: "waiting", state: "silent", detail, fetch: null });
    return found;
  }
  const byName = new Map<NodeName, NodeView>(found.map((view) => [view.node, view]));
  for (const goal of open) {
    const view = byName.get(goal.node);
    const checked = view === undefined ? undefined : checkView(view, goal.fleetId, () => goal.nodeKey);
    outcomes.set(goal.node, nodeOutcome(checked, goal));
  }
  return undefined;
}

function viewsOf(api: Following["api"], goals: readonly Goal[]): Promise<NodeView[]> {
  return goals.length > fewNodes ? api.nodes() : Promise.all(goals.map(({ node }) => api.node(node)));
}

function namesOf(outcomes: Outcomes, kind: NodeOutcome["kind"]): NodeName[] {
  return [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([node]) => node);
}

/** On one line: a node's own words must not look like ours. */
function reasonOf(outcome: NodeOutcome | undefined): string {
  return outcome?.kind === "failed" ? printableLine(outcome.reason) : "";
}

function timeoutMessage(outcomes: Outcomes, seconds: number): string {
  const open = [...outcomes].flatMap(([node, outcome]) =>
    outcome.kind === "waiting"
      ? [`${node} (${outcome.state}${outcome.detail === "" ? "" : `, ${printableLine(outcome.detail)}`})`]
      : [],
  );
  const failed = [...outcomes].flatMap(([node, outcome]) =>
    outcome.kind === "failed" ? [`${node} (failed: ${reasonOf(outcome)})`] : [],
  );
  const all = [...failed, ...open];
  const more = all.length > mostNamed ? `, and ${all.length - mostNamed} more` : "";
  const list = all.slice(0, mostNamed).join(", ");
  return `after ${seconds} s not committed: ${list}${more}; the head stays published and nodes go on`;
}
