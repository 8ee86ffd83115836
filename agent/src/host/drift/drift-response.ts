/** SHELL. What follows a difference: put it back within the budget, or tell it; each fact is told once. */
import type { DriftItem, DriftSummary, EntryFacts } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import { createBook, type EtcBook } from "../../reconcile/drift/etc-book.ts";
import { createCostlyTries, alarmingTries, type CostlyTries } from "../../reconcile/drift/costly-tries.ts";
import { createBudget, type EtcBudget } from "../../reconcile/drift/etc-budget.ts";
import { markOf, type Spending } from "../../reconcile/drift/fight.ts";
import { createGraveRests, restText, type GraveRests } from "../../reconcile/drift/grave-paths.ts";
import type { Stance } from "../../reconcile/drift/drift-stance.ts";
import type { RevertFailureCode } from "../../reconcile/drift/revert-failure.ts";
import type { RevertOutcome } from "./revert-entry.ts";

interface Finding {
  item: DriftItem;
  /** Monotonic ms of the first sign. */
  since: number;
  /** What is put back in its rest counts for no other. */
  inRest?: true;
}

interface FoundDrift extends Finding {
  revert: () => Promise<PutBack>;
}

/** What came of a revert, whatever it was. */
export type PutBack =
  | Exclude<RevertOutcome, { kind: "failed" }>
  /** It came back by itself, as part of what was done: nobody fights with that. */
  | { kind: "returned"; found: EntryFacts; why: string }
  | FailedRevert;

interface FailedRevert {
  kind: "failed";
  code: RevertFailureCode;
  message: string;
  /** Each try costs the whole machine something: it is tried again ever more rarely. */
  isCostly?: true;
}

interface Telling {
  /** Of the line in the log: what somebody set for a while on purpose is no warning. */
  level?: "info" | "warn";
  /** Why it is not put back. */
  why?: string;
}

export type Responded = "reverted" | "open" | "abandoned";

export interface Responder {
  respond(drift: FoundDrift): Promise<Responded>;
  /** Only tells, whatever the mode: for what drift cannot put back itself. */
  tell(item: DriftItem, how?: Telling): void;
  /** Somebody else of ours, as the loop, has put it back. */
  noteRestored(item: DriftItem, since: number): void;
  noteClean(path: string): void;
  noteSwept(sweep: { at: string; managed: number; seen: ReadonlySet<string> }): void;
  isResting(path: string): boolean;
  /** Puts back again what was fought over; false where nobody fought. */
  resume(path: string): boolean;
  /** What differs there now; null where nothing is known to. */
  openItem(path: string): DriftItem | null;
  stanceOf(path: string): Stance;
  summary(): DriftSummary;
}

export interface ResponderOptions {
  mode: DriftMode;
  /** While an operator's hold says so, differences are only told. */
  isHeld: () => boolean;
  /** What policy says of a path; without it, what the mode says. */
  stance?: (path: string) => Stance;
  /** Shared by all that put something back on this node, and kept over restarts; without it, its own. */
  budget?: EtcBudget;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

interface State extends ResponderOptions {
  book: EtcBook;
  budget: EtcBudget;
  costly: CostlyTries<Problem>;
  /** By path. */
  fought: Map<string, Rest>;
  graves: GraveRests;
}

interface Rest {
  until: string;
  trips: number;
}

const shownRests = 50;

export function createResponder(options: ResponderOptions): Responder {
  const { budget = createBudget() } = options;
  const books = { book: createBook(), costly: createCostlyTries<Problem>(), graves: createGraveRests() };
  const state: State = { ...options, ...books, budget, fought: new Map() };
  return {
    respond: (drift) => respond(state, drift),
    tell(item, how) {
      tell(state, item, how);
    },
    noteRestored(item, since) {
      finish(state, { item, since }, { kind: "reverted", evidence: null, notes: [] });
    },
    noteClean(path) {
      state.book.noteClosed(path);
      state.costly.forget(path);
    },
    noteSwept: (sweep) => noteSwept(state, sweep),
    isResting: (path) => state.budget.isResting(path, performance.now()),
    resume(path) {
      state.fought.delete(path);
      state.graves.forget(path);
      state.costly.forget(path);
      return state.budget.resume(path, performance.now());
    },
    openItem: (path) => state.book.item(path),
    stanceOf: (path) => stanceOf(state, path),
    summary: () => ({ ...state.book.summary(), fought: foughtNow(state) }),
  };
}

/** A hold is above every rule, since somebody works on the node. */
function stanceOf({ mode, isHeld, stance }: State, path: string): Stance {
  if (isHeld()) return { kind: "report", why: "the node is held, drift too" };
  if (stance !== undefined) return stance(path);
  return mode === "revert" ? { kind: "revert" } : { kind: mode, why: `the node's mode is ${mode}` };
}

function foughtNow({ fought, budget }: State): NonNullable<DriftSummary["fought"]> {
  const now = performance.now();
  for (const path of fought.keys()) if (!budget.isResting(path, now)) fought.delete(path);
  return [...fought].slice(0, shownRests).map(([path, rest]) => ({ path, ...rest }));
}

function noteSwept({ book, costly, budget }: State, sweep: Parameters<Responder["noteSwept"]>[0]): void {
  for (const path of book.noteSwept(sweep)) {
    costly.forget(path);
    // Of a look that compared nothing, as during a switch, nothing is known to be gone.
    if (sweep.managed > 0) budget.forgetLeft(path);
  }
}

async function respond(state: State, drift: FoundDrift): Promise<Responded> {
  const { item } = drift;
  const stance = stanceOf(state, item.path);
  if (stance.kind === "ignore") {
    state.book.noteClosed(item.path);
    return "open";
  }
  if (stance.kind === "report") return tell(state, item, { why: stance.why });
  const left = state.budget.leftAt(item.path);
  if (left !== null && left.mark === markOf(item.found)) return tell(state, item, { why: left.why });
  const now = performance.now();
  const problem = state.costly.waiting(item.path, now);
  if (problem !== null) return keepOpen(state, item, problem);
  const spending = state.budget.spend(item.path, now);
  if (spending.kind === "allowed") return finish(state, drift, await drift.revert());
  return state.graves.isDue(item.path, spending.kind, now)
    ? finish(state, { ...drift, inRest: true }, await drift.revert())
    : keepResting(state, item, spending);
}

function finish(state: State, { item, since, inRest }: Finding, outcome: PutBack): Responded {
  switch (outcome.kind) {
    case "abandoned":
      return "abandoned";
    case "failed":
      return outcome.isCostly === true ? keepRarely(state, item, outcome) : keepOpen(state, item, outcome);
    case "returned": {
      const { found, why } = outcome;
      state.budget.leave(item.path, { mark: markOf(found), why });
      return tell(state, { ...item, found }, { why });
    }
    case "reverted": {
      const now = performance.now();
      const ms = Math.ceil(now - since);
      state.book.noteReverted(item.path);
      if (inRest === undefined) state.budget.noteReverted(item.path, now);
      state.costly.forget(item.path);
      const { evidence, notes } = outcome;
      const note = notes.length === 0 ? {} : { note: notes.join("; ").slice(0, 2048) };
      state.onEvent({
        type: "drift-reverted",
        data: { item, ms, ...note, ...(evidence === null ? {} : { evidence }) },
      });
      state.log.warn({ path: item.path, kind: item.kind, ms, evidence, ...note }, "drift reverted");
      return "reverted";
    }
  }
}

function tell(state: State, item: DriftItem, how: Telling = {}): Responded {
  const { why = "it is only reported", level = "warn" } = how;
  if (!state.book.noteOpen(item, { code: "reported", why }, performance.now())) return "open";
  state.onEvent({ type: "drift-found", data: item });
  state.log[level]({ path: item.path, kind: item.kind, why }, "drift found");
  return "open";
}

interface Problem {
  code: RevertFailureCode;
  message: string;
}

function keepResting(state: State, item: DriftItem, { kind, restMs, trips, pace }: Fought): Responded {
  const until =
    (kind === "resting" ? state.fought.get(item.path)?.until : undefined) ??
    new Date(Date.now() + restMs).toISOString();
  state.fought.set(item.path, { until, trips });
  const problem: Problem = { code: "budget-spent", message: restText(item.path, pace, until) };
  if (kind === "tripped") {
    const message = `${item.path}: ${problem.message} ("chimera drift resume" ends that)`;
    state.onEvent({ type: "alarm", data: { code: problem.code, message: message.slice(0, 2048) } });
  }
  return keepOpen(state, item, problem);
}

type Fought = Exclude<Spending, { kind: "allowed" }>;

/** Asks for a person once, when it is clear that trying does not help. */
function keepRarely(state: State, item: DriftItem, { code, message }: FailedRevert): Responded {
  const later = (waitMs: number): Problem => {
    const nextAt = new Date(Date.now() + waitMs).toISOString();
    return { code, message: `${message.slice(0, 400)} (tried again after ${nextAt})` };
  };
  const { tries, problem } = state.costly.noteFailed(item.path, later, performance.now());
  if (tries === alarmingTries) {
    const text = `${item.path}: ${tries} tries did not help, it is tried ever more rarely: ${message}`;
    state.onEvent({ type: "alarm", data: { code, message: text.slice(0, 2048) } });
  }
  return keepOpen(state, item, problem);
}

function keepOpen(state: State, item: DriftItem, { code, message }: Problem): Responded {
  if (!state.book.noteOpen(item, { code, why: message }, performance.now())) return "open";
  state.onEvent({ type: "drift-unreverted", data: { item, code, message } });
  state.log.error({ path: item.path, kind: item.kind, code }, "drift not reverted");
  return "open";
}
