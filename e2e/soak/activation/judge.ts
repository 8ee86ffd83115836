// PURE. Whether a node that came to rest is whole: everything that names a system names one of the two that it may run.
import type { JournalGlimpse, JournalStep } from "./journal-steps.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { End } from "./scenarios.ts";

export interface Expected {
  /** What ran before, and what was ordered. */
  from: string;
  to: string;
  ends: readonly End[];
  /** The journal before the order: an order that was lost with who was to take it leaves that one. */
  earlier: JournalGlimpse | undefined;
  /** Units that had failed before. */
  failedBefore: readonly string[];
}

export interface Verdict {
  end: End | "half";
  ok: boolean;
  /** What is wrong, each in a few words. */
  wrong: string[];
}

type Rest = "committed" | "other rest" | "halt" | "under way";

const rests: Record<JournalStep, Rest> = {
  accepted: "under way",
  staged: "under way",
  arming: "under way",
  activating: "under way",
  probation: "under way",
  committing: "under way",
  committed: "committed",
  "staged-for-reboot": "under way",
  "preparing-reboot": "under way",
  rebooting: "under way",
  reverting: "under way",
  "falling-back": "under way",
  reverted: "other rest",
  "revert-failed": "halt",
  refused: "other rest",
  stuck: "halt",
};

/** Degraded: by units that are judged one by one. */
const up: ReadonlySet<string> = new Set(["running", "degraded"]);

export function judge(facts: NodeFacts, expected: Expected): Verdict {
  const end = endOf(facts, expected);
  const wrong = [
    ...(end === "half" ? [describe(facts)] : []),
    ...(end !== "half" && !expected.ends.includes(end) ? [`${end} is not what may come of it`] : []),
    // What still runs could not be left: its failed units are why it should have been.
    ...leftovers(facts, end === "halted" ? facts.failedUnits : expected.failedBefore),
  ];
  return { end, ok: wrong.length === 0, wrong };
}

function endOf(facts: NodeFacts, expected: Expected): End | "half" {
  const { journal } = facts;
  if (journal === undefined) return "half";
  const { from, to, earlier } = expected;
  if (isUntouched(journal, earlier)) return isAllOn(facts, from) ? "old" : "half";
  if (rests[journal.step] === "halt") return isHalted(facts, expected) ? "halted" : "half";
  return journal.toplevel === to ? endOfOrder(facts, journal.step, { from, to }) : "half";
}

function endOfOrder(
  facts: NodeFacts,
  step: JournalStep,
  { from, to }: Pick<Expected, "from" | "to">,
): End | "half" {
  const rest = rests[step];
  if (rest === "committed" && isAllOn(facts, to)) return "new";
  return rest === "other rest" && isAllOn(facts, from) ? "old" : "half";
}

/** What runs, what the profile names and what the machine would boot. */
function isAllOn({ current, profile, bootDefault }: NodeFacts, system: string): boolean {
  return [current, profile, bootDefault].every((path) => path === system);
}

/** Whatever runs, the next boot ends in what was proven. */
function isHalted(facts: NodeFacts, { from, to }: Expected): boolean {
  return isAllOn({ ...facts, current: from }, from) && [from, to].includes(facts.current);
}

/** The order was lost with who was to take it. */
function isUntouched(journal: JournalGlimpse, earlier: JournalGlimpse | undefined): boolean {
  return journal.order.id === earlier?.order.id && journal.step === earlier.step;
}

function leftovers(facts: NodeFacts, failedBefore: readonly string[]): string[] {
  const failed = facts.failedUnits.filter((unit) => !failedBefore.includes(unit));
  const { agents, transientUnits, systemState } = facts;
  return [
    ...(failed.length > 0 ? [`failed: ${failed.join(" ")}`] : []),
    ...(up.has(systemState) ? [] : [`the system is ${systemState}`]),
    ...(transientUnits.length > 0 ? [`left over: ${transientUnits.join(" ")}`] : []),
    ...(agents.length === 1 ? [] : [`${agents.length} agents`]),
  ];
}

function describe({ current, profile, bootDefault, journal }: NodeFacts): string {
  const step = journal === undefined ? "no journal" : `${journal.step} ${nameOf(journal.toplevel)}`;
  return `runs ${nameOf(current)}, profile ${nameOf(profile)}, boot default ${nameOf(bootDefault)}, journal ${step}`;
}

/** A store path without its hash. */
function nameOf(path: string): string {
  return path.replace(/^\/nix\/store\/[^-]*-/, "") || "nothing";
}
