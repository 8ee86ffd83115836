/** SHELL. What follows a difference: put it back within the budget, or tell it; each fact is told once. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import {
  emptyBook,
  isNews,
  noteClosed,
  noteOpen,
  noteReverted,
  noteSwept,
  summaryOf,
} from "../../reconcile/drift/etc-book.ts";
import { emptyBudget, isResting, spend } from "../../reconcile/drift/etc-budget.ts";
import type { RevertFailureCode } from "../../reconcile/drift/revert-failure.ts";
import type { RevertOutcome } from "./revert-entry.ts";

interface FoundDrift {
  item: DriftItem;
  /** Monotonic ms of the first sign. */
  since: number;
  revert: () => Promise<RevertOutcome>;
}

export type Responded = "reverted" | "open" | "abandoned";

export interface Responder {
  respond(drift: FoundDrift): Promise<Responded>;
  /** Only tells, whatever the mode: for what drift cannot put back itself. */
  tell(item: DriftItem): void;
  noteClean(path: string): void;
  noteSwept(sweep: { at: string; managed: number; seen: ReadonlySet<string> }): void;
  isResting(path: string): boolean;
  summary(): DriftSummary;
}

export interface ResponderOptions {
  mode: DriftMode;
  /** While an operator's hold says so, differences are only told. */
  isHeld: () => boolean;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

interface State extends ResponderOptions {
  book: typeof emptyBook;
  budget: typeof emptyBudget;
}

export function createResponder(options: ResponderOptions): Responder {
  const state: State = { ...options, book: emptyBook, budget: emptyBudget };
  return {
    respond: (drift) => respond(state, drift),
    tell(item) {
      tell(state, item);
    },
    noteClean(path) {
      state.book = noteClosed(state.book, path);
    },
    noteSwept(sweep) {
      state.book = noteSwept(state.book, sweep);
    },
    isResting: (path) => isResting(state.budget, path, performance.now()),
    summary: () => summaryOf(state.book),
  };
}

async function respond(state: State, drift: FoundDrift): Promise<Responded> {
  const { item } = drift;
  if (state.mode !== "revert" || state.isHeld()) return tell(state, item);
  const spending = spend(state.budget, item.path, performance.now());
  state.budget = spending.budget;
  if (spending.answer.kind === "resting") return keepOpen(state, item, restingProblem);
  if (spending.answer.kind === "tripped") return trip(state, item);
  return finish(state, drift, await drift.revert());
}

function finish(state: State, { item, since }: FoundDrift, outcome: RevertOutcome): Responded {
  switch (outcome.kind) {
    case "abandoned":
      return "abandoned";
    case "failed":
      return keepOpen(state, item, outcome);
    case "reverted": {
      const ms = Math.ceil(performance.now() - since);
      state.book = noteReverted(state.book, item.path);
      const { evidence, notes } = outcome;
      const note = notes.length === 0 ? {} : { note: notes.join("; ").slice(0, 2048) };
      state.onEvent({ type: "drift-reverted", data: { item, ms, ...note } });
      state.log.warn({ path: item.path, kind: item.kind, ms, evidence, ...note }, "drift reverted");
      return "reverted";
    }
  }
}

function tell(state: State, item: DriftItem): Responded {
  const news = isNews(state.book, item, "reported");
  state.book = noteOpen(state.book, item, "reported");
  if (!news) return "open";
  state.onEvent({ type: "drift-found", data: item });
  state.log.warn({ path: item.path, kind: item.kind }, "drift found");
  return "open";
}

interface Problem {
  code: RevertFailureCode;
  message: string;
}

const restingProblem: Problem = {
  code: "budget-spent",
  message:
    "put back more than 10 times in a minute: somebody fights over it, it is only reported for 10 minutes",
};

function trip(state: State, item: DriftItem): Responded {
  const message = `${item.path}: ${restingProblem.message}`;
  state.onEvent({ type: "alarm", data: { code: restingProblem.code, message: message.slice(0, 2048) } });
  return keepOpen(state, item, restingProblem);
}

function keepOpen(state: State, item: DriftItem, { code, message }: Problem): Responded {
  const news = isNews(state.book, item, code);
  state.book = noteOpen(state.book, item, code);
  if (!news) return "open";
  state.onEvent({ type: "drift-unreverted", data: { item, code, message } });
  state.log.error({ path: item.path, kind: item.kind, code }, "drift not reverted");
  return "open";
}
