/** PURE. Tests only: plays the reconciler against the model machine until it rests. */
import { decide } from "../decide.ts";
import type { Action, Decision, Desired, Observed } from "../decision.ts";
import { Journal, type Step } from "../journal.ts";
import { noAttempts } from "../new-journal.ts";
import { after, b, desired, observed, type Script } from "./machine-model.ts";

export interface Run {
  seen: Observed;
  journal: Journal | null;
  actions: Action[];
  /** The most actions of any one order: a half-done one is finished before the next begins. */
  mostPerOrder: number;
  steps: string[];
  last: Decision;
}

/** Plays the loop against the model until it rests: nothing planned in three looks, with time passing between. */
export function play(
  start: { seen: Observed; journal: Journal | null; want: Desired | null },
  script: Script = {},
): Run {
  let { seen, journal } = start;
  const actions: Action[] = [];
  const perOrder = new Map<string, number>();
  const steps: string[] = [];
  let quiet = 0;
  let last = decide(seen, journal, start.want);
  for (let looks = 0; quiet < 3; looks += 1) {
    if (looks > 120) throw new Error(`no rest: ${steps.join(" ")}`);
    last = decide(seen, journal, start.want);
    const { plan } = last;
    quiet = plan === null ? quiet + 1 : 0;
    journal = plan === null ? journal : written(plan);
    if (plan !== null) note(plan, { actions, steps, perOrder });
    seen = after(plan?.action ?? null, seen, script);
  }
  return { seen, journal, actions, steps, last, mostPerOrder: Math.max(0, ...perOrder.values()) };
}

type Plan = NonNullable<Decision["plan"]>;

/** What is on disk once the action is done. */
function written({ journal, action, afterwards }: Plan): Journal {
  return Journal.parse(action === null ? journal : (afterwards ?? journal));
}

interface Notes {
  actions: Action[];
  steps: string[];
  perOrder: Map<string, number>;
}

function note({ journal, action }: Plan, { actions, steps, perOrder }: Notes): void {
  steps.push(journal.step);
  if (action === null) return;
  actions.push(action);
  perOrder.set(journal.order.id, (perOrder.get(journal.order.id) ?? 0) + 1);
}

export const kinds = (actions: readonly Action[]) =>
  actions.map((action) =>
    action.kind === "start-unit" ? `${action.unit.action} ${action.unit.toplevel.at(-1)}` : action.kind,
  );

/** Attempts of an order, none but these. */
export const tries = (over: Partial<Journal["attempts"]>): Journal["attempts"] => ({
  ...noAttempts,
  ...over,
});

/** A journal at the given step of order 1, which wants b on a machine that ran a. */
export function at(step: Step, over: Partial<Journal> = {}): Journal {
  const begun = decide(observed(), null, desired(1, b)).plan?.journal;
  if (begun === undefined) throw new Error("nothing begun");
  const unit = { name: "chimera-activate-1", action: "test" as const, toplevel: b };
  return { ...begun, step, unit: step === "activating" ? unit : null, ...over };
}
