/**
 * SHELL. The node's only driver: observe, decide, write the journal, do one thing, again. A wake-up carries no facts;
 * passes never overlap. A failed action becomes an observation, never the end of the loop.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { decide } from "./reconcile/decide.ts";
import type { Sight } from "./reconcile/sight.ts";
import type { Action, Decision, Desired, Needs, Observed } from "./reconcile/decision.ts";
import { isReplaceable, type Journal, type UnitRecord } from "./reconcile/journal.ts";
import { needsOf } from "./reconcile/needs.ts";
import { recordFailure } from "./reconcile/record-failure.ts";

export interface LoopParts {
  journal: Journal | null;
  desired: () => Desired | null;
  observe: (needs: Needs) => Promise<Sight>;
  /** Another judge, as that of the dead-man; `decide` where there is none. */
  decide?: typeof decide;
  /** Returns once it is on disk. */
  saveJournal: (journal: Journal) => void;
  perform: (action: Action) => Promise<void>;
  /** Calls back when the unit has ended, until it is told to stop; null where that cannot be seen, and must be asked for. */
  watchUnit?: (name: string, onEnd: () => void) => (() => void) | null;
  /** After every pass: what was seen and decided. */
  onPass: (pass: Pass) => void;
  /** A pass could not be ended, as with a full disk; the next one comes by itself. */
  onBroken: (error: ChimeraError) => void;
  onEvent: (event: NodeEventBody) => void;
  log: Log;
}

export interface Pass {
  observed: Sight;
  decision: Decision;
  journal: Journal | null;
}

export interface Loop {
  wake: () => void;
  /** Ends after the pass that runs now. */
  stop: () => Promise<void>;
  done: Promise<void>;
}

/** While a unit runs, while one runs whose end is seen, while something is under way, while only time can change anything, at rest, after a failed pass. */
const paceMs = {
  unit: 20,
  watchedUnit: 250,
  slowUnit: 1_000,
  active: 250,
  waiting: 1_000,
  rest: 10_000,
  broken: 5_000,
} as const;

interface State {
  journal: Journal | null;
  stopped: boolean;
  woken: boolean;
  alarm: AbortController;
}

export function startLoop(parts: LoopParts): Loop {
  const state: State = { journal: parts.journal, stopped: false, woken: false, alarm: new AbortController() };
  const wake = () => {
    state.woken = true;
    state.alarm.abort();
  };
  const done = run(state, parts, wake);
  return {
    wake,
    stop: async () => {
      state.stopped = true;
      wake();
      await done;
    },
    done,
  };
}

async function run(state: State, parts: LoopParts, wake: () => void): Promise<void> {
  while (!state.stopped) {
    state.woken = false;
    const delay = await pass(state, parts).catch((error: unknown) => survive(error, parts));
    state.alarm = new AbortController();
    if (!state.stopped && !state.woken)
      await rest(delay, state, () => watched(delay, state, { parts, wake }));
  }
}

/** Until its time is over, or something wakes the loop, as the end of a unit that is watched. */
async function rest(delay: number, { alarm }: State, watchUnit: () => (() => void) | null): Promise<void> {
  const unwatch = watchUnit();
  await sleep(unwatch === null ? delay : Math.max(delay, paceMs.watchedUnit), alarm.signal);
  unwatch?.();
}

function watched(
  delay: number,
  { journal }: State,
  { parts, wake }: { parts: LoopParts; wake: () => void },
): (() => void) | null {
  const unit = journal?.unit ?? null;
  return delay > 0 && unit !== null && parts.watchUnit !== undefined
    ? parts.watchUnit(unit.name, wake)
    : null;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const early = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", early, { once: true });
  });
}

/** Returns after how long the next one is due. */
async function pass(state: State, parts: LoopParts): Promise<number> {
  const keep = (next: Journal) => {
    parts.saveJournal(next);
    state.journal = next;
  };
  const observed = await parts.observe(needsOf(state.journal));
  const decision = (parts.decide ?? decide)(observed, state.journal, parts.desired());
  if (decision.plan !== null) {
    const { plan } = decision;
    keep(plan.journal);
    for (const event of plan.events) parts.onEvent(event);
    // Afterwards it may be too late to say so.
    if (plan.action?.kind === "reboot") parts.onPass({ observed, decision, journal: plan.journal });
    await tryAction(parts, { plan, observed, keep });
  }
  parts.onPass({ observed, decision, journal: state.journal });
  return paceOf(decision, state.journal);
}

interface Attempt {
  plan: NonNullable<Decision["plan"]>;
  observed: Observed;
  keep: (journal: Journal) => void;
}

async function tryAction({ perform, log }: LoopParts, { plan, observed, keep }: Attempt): Promise<void> {
  const { action, journal } = plan;
  if (action === null) return;
  try {
    await perform(action);
    if (plan.afterwards !== null) keep(plan.afterwards);
    log.debug({ action: action.kind }, "action was done");
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ action: action.kind, error }, "action failed");
    keep(recordFailure({ journal, observed }, action, { code: error.code, message: errorChain(error) }));
  }
}

/** A full disk or a missing tool is met again later; a bug ends the process, and the supervisor starts it anew. */
function survive(error: unknown, { log, onBroken }: LoopParts): number {
  if (!(error instanceof ChimeraError)) throw error;
  log.error({ error }, "pass failed");
  onBroken(error);
  return paceMs.broken;
}

/** Nothing is half done: whoever comes next finds all it needs on disk. */
export function isAtRest({ journal, decision }: Pass): boolean {
  return decision.plan === null && journal !== null && isReplaceable(journal) && journal.step !== "accepted";
}

const active: ReadonlySet<string> = new Set([
  "accepted",
  "arming",
  "activating",
  "probation",
  "committing",
  "preparing-reboot",
  "reverting",
]);

/** May take minutes, and nothing waits for their very end. */
const slow: ReadonlySet<string> = new Set(["drain", "undrain"]);

/** Asking costs systemd and us a millisecond each: often enough that the end of an activation is not waited for. */
function paceOfUnit({ action }: UnitRecord): number {
  return slow.has(action) ? paceMs.slowUnit : paceMs.unit;
}

function paceOf(decision: Decision, journal: Journal | null): number {
  if (decision.plan !== null) return 0;
  if (journal === null) return paceMs.rest;
  const { step, unit } = journal;
  if (unit !== null && decision.waiting?.reason !== "backing-off") return paceOfUnit(unit);
  if (active.has(step)) return paceMs.active;
  return step === "staged" ? paceMs.waiting : paceMs.rest;
}
