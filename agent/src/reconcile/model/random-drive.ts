/** PURE. Tests only: the agent's loop on the random machine. It is killed, its actions throw, its looks fail. */
import { decide } from "../decide.ts";
import type { Action, Decision, Observed } from "../decision.ts";
import { expire } from "../forward/dead-man.ts";
import { Journal } from "../journal.ts";
import { needsOf } from "../needs.ts";
import { recordFailure } from "../record-failure.ts";
import { kinds } from "./play-machine.ts";
import { wantedBy, type Trial } from "./random-events.ts";
import { lookAt } from "./random-look.ts";
import { endUnit, perform, powerCycle, unitEnds, wait, type Luck, type Machine } from "./random-machine.ts";

type Plan = NonNullable<Decision["plan"]>;

/** One pass of the loop. Without luck left nothing fails any more. */
export function drive(trial: Trial, isCalm: boolean): Decision {
  const { machine, dice } = trial;
  if (dice.chance(0.6)) endUnit(machine);
  if (machine.isGoingDown && dice.chance(0.7)) {
    powerCycle(machine, dice.chance(0.5));
    trial.trace.push(`BOOT ${machine.real.system.current?.at(-1) ?? "-"}`);
  }
  const seen = isCalm ? lookAt(machine, needsOf(trial.journal)) : blurred(trial);
  const { drains: seconds } = machine.fate;
  const own = { drainSeconds: seconds, undrainSeconds: seconds };
  const sight = { ...seen, ...own, isJournalLost: trial.losses > 0 };
  const decision = deadManOf(trial, seen) ?? decide(sight, trial.journal, wantedBy(trial));
  if (decision.plan === null) wait(machine, isCalm ? 60_000 : dice.pick([20, 1_000, 1_000, 10_000, 60_000]));
  else follow(trial, { seen, plan: decision.plan, isCalm });
  return decision;
}

/** Some of what was asked for is not known at the moment. */
function blurred({ machine, journal, dice }: Trial): Observed {
  const seen = lookAt(machine, needsOf(journal));
  const { flakiness } = machine.fate;
  const known = <T>(value: T): T | null => {
    const isMissed = dice.chance(flakiness);
    machine.failures += isMissed ? 1 : 0;
    return isMissed ? null : value;
  };
  const { current, profile, ...others } = seen.system;
  return {
    ...seen,
    unit: known(seen.unit),
    units: known(seen.units),
    deadManArmed: known(seen.deadManArmed),
    contact: known(seen.contact),
    preflight: known(seen.preflight),
    system: { ...others, current: known(current), profile: known(profile) },
  };
}

/** It ends the agent and judges in its place; a later order's is no concern of it. */
function deadManOf({ machine, journal, trace }: Trial, observed: Observed): Decision | null {
  const { timer, real } = machine;
  if (timer === null || real.uptimeMs < timer.atMs) return null;
  machine.timer = null;
  trace.push("DEAD-MAN");
  return journal?.order.id === timer.order ? expire({ observed, journal }) : null;
}

interface Pass {
  seen: Observed;
  plan: Plan;
  isCalm: boolean;
}

function follow(trial: Trial, { seen, plan, isCalm }: Pass): void {
  const { machine, trace } = trial;
  const { action } = plan;
  trial.journal = Journal.parse(plan.journal);
  wait(machine, 500);
  trace.push(action === null ? trial.journal.step : `${trial.journal.step}[${kinds([action]).join("")}]`);
  if (action === null) return;
  if (machine.fate.broken.has(action.kind)) {
    refuseAction(trial, { seen, action });
    return;
  }
  const isDone = isCalm ? isPerformed(machine, action) : tryAction(trial, { seen, action });
  if (isDone && plan.afterwards !== null) trial.journal = Journal.parse(plan.afterwards);
}

function isPerformed(machine: Machine, action: Action): boolean {
  perform(machine, action, { end: null, isHalfDone: true });
  return true;
}

/** Whether the agent lived to see it done. */
function tryAction(trial: Trial, { seen, action }: { seen: Observed; action: Action }): boolean {
  const { machine, dice } = trial;
  if (dice.chance(0.02)) return startAnew(trial, "KILLED-BEFORE");
  if (dice.chance(machine.fate.flakiness)) return fail(trial, { seen, action });
  perform(machine, action, luckOf(trial));
  return dice.chance(0.02) ? startAnew(trial, "KILLED-AFTER") : true;
}

function luckOf({ machine, dice }: Trial): Luck {
  const isUnlucky = dice.chance(machine.fate.flakiness);
  return { end: isUnlucky ? dice.pick(unitEnds) : null, isHalfDone: dice.chance(0.5) };
}

/** Another agent finds the journal as it is, and no fetch. */
function startAnew(trial: Trial, how: string): false {
  const { machine } = trial;
  machine.real = { ...machine.real, fetch: { kind: "idle" } };
  trial.kills += 1;
  trial.trace.push(how);
  return false;
}

/** It threw, before its effect or after it. */
function fail(trial: Trial, { seen, action }: { seen: Observed; action: Action }): false {
  const isDone = trial.dice.chance(0.3);
  if (isDone) perform(trial.machine, action, luckOf(trial));
  trial.trace.push(isDone ? "THREW-DONE" : "THREW");
  recordThrow(trial, { seen, action });
  return false;
}

function refuseAction(trial: Trial, failed: { seen: Observed; action: Action }): void {
  trial.trace.push("REFUSED");
  recordThrow(trial, failed);
}

function recordThrow(trial: Trial, { seen, action }: { seen: Observed; action: Action }): void {
  trial.machine.failures += 1;
  if (trial.journal === null) return;
  const failure = { code: "tool-failed", message: "a test's" } as const;
  trial.journal = recordFailure({ journal: trial.journal, observed: seen }, action, failure);
}
