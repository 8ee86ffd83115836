/** PURE. Builders of decisions, so that each rule below reads as one line. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { StorePath } from "@chimera/proto/names";
import type { Action, Blocked, Decision, Observed } from "./decision.ts";
import {
  advance,
  isRepair,
  problemOf,
  stateOf,
  type Blame,
  type Journal,
  type UnitRecord,
} from "./journal.ts";

export interface Situation {
  observed: Observed;
  journal: Journal;
}

export function wait({ journal }: Situation, reason: string, detail: string): Decision {
  return { state: stateOf(journal), waiting: { reason, detail }, plan: null };
}

/** Something is wanted that may not be begun. */
export function stand(journal: Journal | null, { state, reason, detail }: Blocked): Decision {
  return { state: state ?? stateOf(journal), waiting: { reason, detail }, plan: null };
}

/** Only a newer order ends this: the same toplevel is not tried again for the same one. */
export function rest(situation: Situation, reason: string): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  const isKnown = current === null || current === journal.before.current || current === journal.toplevel;
  if (isKnown) return wait(situation, reason, journal.problem?.message ?? "waiting for a newer head");
  return wait(situation, "foreign-system", `${reason}, and somebody activated ${current}`);
}

export function settled({ journal }: Situation): Decision {
  return { state: stateOf(journal), waiting: null, plan: null };
}

/** Writes the journal with these changes, then does the action. */
export function go(
  { observed, journal }: Situation,
  changes: Partial<Journal>,
  action: Action | null = null,
): Decision {
  const plan = { journal: advance(journal, observed, changes), action, afterwards: null, events: [] };
  return planned(journal, plan);
}

/** Does the action, and only then writes these changes: for what must not be forgotten when it fails. */
export function goThen(situation: Situation, action: Action, changes: Partial<Journal>): Decision {
  const decision = go(situation, {}, action);
  const { plan } = decision;
  if (plan === null) return decision;
  return { ...decision, plan: { ...plan, afterwards: { ...plan.journal, ...changes } } };
}

export function planned(before: Journal | null, plan: NonNullable<Decision["plan"]>): Decision {
  const from = stateOf(before);
  const to = stateOf(plan.journal);
  const moved: NodeEventBody[] =
    from === to ? [] : [{ type: "state-changed", data: { from, to, toplevel: plan.journal.toplevel } }];
  return { state: to, waiting: null, plan: { ...plan, events: [...plan.events, ...moved] } };
}

/** Adds events to a decision that has a plan. */
export function withEvents(decision: Decision, events: NodeEventBody[]): Decision {
  const { plan } = decision;
  return plan === null ? decision : { ...decision, plan: { ...plan, events: [...events, ...plan.events] } };
}

export function alarm(code: ErrorCode, message: string): NodeEventBody {
  return { type: "alarm", data: { code, message: message.slice(0, 2048) } };
}

/** What can not be begun: only a newer order ends this. What runs meanwhile must be proven. */
export function refuse(situation: Situation, code: ErrorCode, message: string): Decision {
  const { observed, journal } = situation;
  const problem = problemOf(code, message, observed);
  if (runsUnproven(situation))
    return go(situation, { step: "reverting", systemBack: false, blame: "none", problem });
  return go(situation, { step: "refused", unit: null, problem }, collect(journal.unit));
}

/** Whether the order before it was going back from what runs, or never proved it. */
function runsUnproven({ observed, journal }: Situation): boolean {
  const { unproven, before } = journal;
  const runsIt = unproven !== null && observed.system.current === unproven;
  return runsIt && before.current !== unproven && !isRepair(journal);
}

/** The way back begins. The unit that ended is collected on the way. */
export function revert(situation: Situation, message: string, blame: Blame): Decision {
  const { journal, observed } = situation;
  const problem = problemOf("activation-failed", message, observed);
  return go(
    situation,
    { step: "reverting", unit: null, systemBack: false, problem, blame },
    collect(journal.unit),
  );
}

export function collect(unit: UnitRecord | null): Action | null {
  return unit === null ? null : { kind: "collect-unit", name: unit.name };
}

/** What the names of an order's units have in common: no two orders that stand one after the other share it. */
export function nameOf({ order }: Journal): string {
  if (order.local !== null) return `${order.serial}-local-${order.id.slice(0, 8)}`;
  return `${order.serial}${order.rank > 0 ? "-back" : ""}`;
}

/** A unit under a name that this order has not used. */
export function startUnit(
  situation: Situation,
  unit: { prefix: string; action: "test" | "boot"; toplevel: StorePath },
  changes: Partial<Journal>,
): Decision {
  const { journal } = situation;
  const count = journal.unitsStarted;
  const suffix = count === 0 ? "" : `-${count + 1}`;
  const record: UnitRecord = {
    name: `${unit.prefix}-${nameOf(journal)}${suffix}`,
    action: unit.action,
    toplevel: unit.toplevel,
  };
  const next = { ...changes, unit: record, unitsStarted: count + 1 };
  const keep = next.before?.current ?? journal.before.current;
  return go(situation, next, {
    kind: "start-unit",
    unit: record,
    runtimeSeconds: journal.activationSeconds,
    keep,
    clearLists: journal.step === "reverting",
  });
}
