/** PURE. Builders of decisions, so that each rule below reads as one line. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { StorePath } from "@chimera/proto/names";
import type { StateWord } from "@chimera/proto/state-word";
import type { Sight } from "./sight.ts";
import { bootedText, runsBooted } from "./foreign/runs-booted.ts";
import { stateOf } from "./state-of.ts";
import { backoffMs } from "./backoff.ts";
import type { Action, Blocked, Decision, UnitFact } from "./decision.ts";
import {
  advance,
  isRepair,
  isWayBack,
  problemOf,
  type Blame,
  type Journal,
  type UnitRecord,
} from "./journal.ts";

export interface Situation {
  observed: Sight;
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
  const { current, profile, bootDefault } = observed.system;
  const { before, toplevel } = journal;
  const isKnown = (path: StorePath | null) => path === null || path === before.current || path === toplevel;
  if (runsBooted(situation))
    return wait(situation, "booted-other", `${reason}, and ${bootedText(situation)}`);
  if (!isKnown(current))
    return wait(situation, "foreign-system", `${reason}, and somebody activated ${current}`);
  const named = [profile, bootDefault].find(
    (path) => !isKnown(path) && path !== before.profile && path !== before.bootDefault,
  );
  if (named !== undefined)
    return wait(situation, "foreign-system", `${reason}, and the next boot may run ${named}`);
  return wait(situation, reason, journal.problem?.message ?? "waiting for a newer head");
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

const restarts: ReadonlySet<StateWord> = new Set<StateWord>(["staged-for-reboot", "rebooting"]);

export function planned(before: Journal | null, plan: NonNullable<Decision["plan"]>): Decision {
  const from = stateOf(before);
  const to = stateOf(plan.journal);
  const moved = from === to ? [] : [stateChanged(from, plan.journal)];
  return { state: to, waiting: null, plan: { ...plan, events: [...plan.events, ...moved] } };
}

/** Why and by whom too: whoever reads it later has only this. */
function stateChanged(from: StateWord, journal: Journal): NodeEventBody {
  const { toplevel, order, rebootReasons } = journal;
  const to = stateOf(journal);
  const why = rebootReasons.length > 0 && restarts.has(to) ? { reasons: rebootReasons } : {};
  return { type: "state-changed", data: { from, to, toplevel, order, problem: failureOf(journal), ...why } };
}

function failureOf({ step, problem }: Journal): { code: string; message: string } | null {
  if (step === "committed" || problem === null) return null;
  return { code: problem.code, message: problem.message };
}

/** Adds events to a decision that has a plan. */
export function withEvents(decision: Decision, events: NodeEventBody[]): Decision {
  const { plan } = decision;
  return plan === null ? decision : { ...decision, plan: { ...plan, events: [...events, ...plan.events] } };
}

export function alarm(code: ErrorCode, message: string): NodeEventBody {
  return { type: "alarm", data: { code, message: message.slice(0, 2048) } };
}

/** What can not be begun: only a newer order ends this. What runs meanwhile, and what is named, must be proven. */
export function refuse(situation: Situation, code: ErrorCode, message: string): Decision {
  const { observed, journal } = situation;
  if (isRepair(journal)) return repairFailed(situation, message, collect(journal.unit));
  const problem = problemOf(code, message, observed);
  const isLeft = runsUnproven(situation);
  if (isLeft || isNamedTooSoon(situation)) {
    return go(situation, { step: "reverting", systemBack: !isLeft, blame: "none", problem });
  }
  return go(situation, { step: "refused", unit: null, problem }, collect(journal.unit));
}

/** A commit that was cut short may have moved a pointer already. */
function isNamedTooSoon({ observed, journal }: Situation): boolean {
  const { current, profile, bootDefault } = observed.system;
  const { toplevel, before } = journal;
  const isMoved = (now: StorePath | null, earlier: StorePath | null) =>
    now === toplevel && earlier !== toplevel;
  const areMoved = isMoved(profile, before.profile) || isMoved(bootDefault, before.bootDefault);
  return current !== toplevel && areMoved;
}

/** The committed system is not left for what somebody activated over it: that is said, and it is tried again later. */
export function repairFailed(situation: Situation, message: string, action: Action | null): Decision {
  const { observed, journal } = situation;
  const foreign = journal.attempts.foreign + 1;
  const changes: Partial<Journal> = {
    step: "committed",
    unit: null,
    attempts: { ...journal.attempts, foreign, activate: 0, commit: 0, boot: 0 },
    isEndUnknown: false,
    retryAt: observed.uptimeMs + backoffMs(foreign),
    problem: problemOf("activation-failed", message, observed),
  };
  const text = `the committed system could not be brought back: ${message}`;
  return withEvents(go(situation, changes, action), [alarm("activation-failed", text)]);
}

/** Whether the order before it was going back from what runs, or never proved it. */
function runsUnproven({ observed, journal }: Situation): boolean {
  const { unproven, before } = journal;
  const runsIt = unproven !== null && observed.system.current === unproven;
  return runsIt && before.current !== unproven;
}

/** The way back begins. The unit that ended is collected on the way. */
export function revert(situation: Situation, message: string, blame: Blame): Decision {
  const { journal, observed } = situation;
  if (isRepair(journal)) return repairFailed(situation, message, collect(journal.unit));
  const problem = problemOf(blame === "contact" ? "contact-lost" : "activation-failed", message, observed);
  return go(
    situation,
    { step: "reverting", unit: null, systemBack: false, problem, blame },
    collect(journal.unit),
  );
}

/** Of switch-to-configuration: another one holds the lock, and nothing was touched. */
export function isLockedOut(unit: UnitFact): boolean {
  return unit.kind === "ended" && unit.result === "exited" && unit.exitCode === lockedCode;
}

const lockedCode = 11;

/** Soon enough after the other switch, however long that takes. */
const longestLockedFailures = 3;

/** Nobody's failure: it is neither counted as a try nor as a step, and begins anew shortly. */
export function tryLater(situation: Situation, changes: Partial<Journal>): Decision {
  const { observed, journal } = situation;
  const locked = journal.attempts.locked + 1;
  return go(
    situation,
    {
      unit: null,
      attempts: { ...journal.attempts, locked },
      transitions: Math.max(0, journal.transitions - 1),
      retryAt: observed.uptimeMs + backoffMs(Math.min(locked, longestLockedFailures)),
      problem: problemOf("activation-failed", "another switch holds the lock", observed),
      ...changes,
    },
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
  unit: Pick<UnitRecord, "action" | "toplevel"> & { prefix: string; runtimeSeconds?: number },
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
  const keep = unit.action === "undrain" ? null : (next.before?.current ?? journal.before.current);
  return go(situation, next, {
    kind: "start-unit",
    unit: record,
    runtimeSeconds: unit.runtimeSeconds ?? journal.activationSeconds,
    keep,
    clearLists: journal.step === "reverting",
    isGoingBack: journal.step === "reverting" || isWayBack(journal),
  });
}
