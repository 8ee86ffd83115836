import type { StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import type { Decision } from "./decision.ts";
import { isRepair, isResting, isSignedWayBack, isWayBack, maxTransitions, type Journal } from "./journal.ts";
import { isFought, isStanding } from "./model/random-boots.ts";
import { drive } from "./model/random-drive.ts";
import type { Machine } from "./model/random-machine.ts";
import { befall, beginTrial, calm, wantedBy, type Trial, type Wishes } from "./model/random-events.ts";

const faultyLooks = 80;
/** At a minute each, longer than any pause. */
const quietLooks = 14;
const mostLooks = 600;

/** There and back again. */
const mostWrites = 2 * maxTransitions;

/** What is watched at every look. Exceptions are as narrow as the state machine allows for now; each says why. */
interface Watch {
  order: string;
  /** Whether the order's system may be the loader's default. */
  mayBeDefault: boolean;
  writes: number;
  broken: Set<string>;
}

interface Ending {
  seed: number;
  trial: Trial;
  broken: string[];
}

function playTrial(seed: number, wishes: Wishes): Ending {
  const trial = beginTrial(seed, wishes);
  const watch: Watch = { order: "", writes: 0, mayBeDefault: true, broken: new Set() };
  let quiet = 0;
  for (let looks = 0; looks < mostLooks && quiet < quietLooks; looks += 1) {
    const isCalm = looks >= faultyLooks;
    if (looks === faultyLooks) calm(trial);
    if (!isCalm) befall(trial);
    const [before, isLeft] = [trial.journal, isStanding(trial)];
    const decision = drive(trial, isCalm);
    if (isLeft && isFought(before, decision)) watch.broken.add("fought over what was booted");
    quiet = isCalm && isQuiet(trial, decision) ? quiet + 1 : 0;
    follow(watch, trial, decision);
  }
  if (quiet < quietLooks) watch.broken.add("never quiet");
  return { seed, trial, broken: [...watch.broken, ...judgeEnd(trial)] };
}

function isQuiet(trial: Trial, { plan }: Decision): boolean {
  const { running, isGoingDown } = trial.machine;
  return isTriedForEver(trial) || (plan === null && running === null && !isGoingDown);
}

/** The committed system is brought back, ever more slowly, for as long as somebody else's stands there. */
function isTriedForEver({ journal }: Trial): boolean {
  return journal !== null && isRepair(journal) && journal.attempts.foreign > 3;
}

function follow(watch: Watch, trial: Trial, decision: Decision): void {
  const { journal } = trial;
  if (journal === null) return;
  if (journal.step === "committing" || journal.step === "committed") trial.proven.add(journal.toplevel);
  if (watch.order !== orderOf(trial, journal)) beginOrder(watch, trial, journal);
  countWrites(watch, journal, decision);
  if (!trial.kept.has(journal.toplevel)) watchDefault(watch, trial, journal);
  watchDeadMan(watch, trial.machine, { journal, decision });
}

/** A journal that was lost is begun anew. */
const orderOf = ({ losses }: Trial, { order }: Journal) => `${order.id} ${losses}`;

function beginOrder(watch: Watch, trial: Trial, journal: Journal): void {
  watch.order = orderOf(trial, journal);
  watch.writes = 0;
  const isNewest = trial.signed.order.id === journal.order.id;
  if (isNewest && isSignedWayBack(journal) && trial.undone !== null) trial.panicked.add(trial.undone);
  const { real, running } = trial.machine;
  const isProven = isWayBack(journal) || journal.before.current === journal.toplevel;
  // The unit of a commit goes on when its journal is lost.
  const named = [real.system.bootDefault, running?.work.bootDefault];
  watch.mayBeDefault = isProven || named.includes(journal.toplevel);
}

function countWrites(watch: Watch, journal: Journal, { plan }: Decision): void {
  const hasAlarm = plan?.events.some(({ type }) => type === "alarm") === true;
  watch.writes = hasAlarm || isResting(journal) ? 0 : watch.writes + (plan === null ? 0 : 1);
  if (watch.writes > mostWrites) watch.broken.add(`more than ${mostWrites} writes without rest or alarm`);
}

function watchDefault(watch: Watch, { machine }: Trial, { step, toplevel }: Journal): void {
  if (step === "committing" || step === "committed") watch.mayBeDefault = true;
  const isNamed = machine.real.system.bootDefault === toplevel;
  if (isNamed && !watch.mayBeDefault) watch.broken.add("the loader's default before its commit");
}

function watchDeadMan(watch: Watch, { timer }: Machine, { journal, decision }: Look): void {
  const { plan, waiting } = decision;
  if (timer === null || plan !== null) return;
  // One that failed is tried again after a pause in which the node does all else.
  const isPaused = waiting?.reason === "system-unknown" || journal.retryAt !== null;
  if (isResting(journal) && !isPaused) watch.broken.add("a dead-man is armed at rest");
}

interface Look {
  journal: Journal;
  decision: Decision;
}

function judgeEnd(trial: Trial): string[] {
  const { journal } = trial;
  if (journal === null) return ["no journal"];
  if (isTriedForEver(trial)) return judgeFailed(journal, trial);
  if (isStanding(trial)) return [];
  if (!isResting(journal) && journal.step !== "staged-for-reboot") return [`not at rest: ${journal.step}`];
  return journal.order.id === wantedBy(trial).order.id
    ? judgeRest(journal, trial)
    : ["at rest with an older order"];
}

function judgeRest(journal: Journal, trial: Trial): string[] {
  const { step } = journal;
  if (trial.machine.isDrained && trial.losses === 0 && isInService(step))
    return [`${step}, and left drained`];
  if (step === "committed") return judgeCommitted(journal, trial);
  if (step === "reverted" || step === "refused") return judgeHome(journal, trial);
  return step === "staged-for-reboot" ? [] : judgeFailed(journal, trial);
}

/** On a proven system, for good. */
const isInService = (step: Journal["step"]) =>
  step === "committed" || step === "reverted" || step === "refused";

function judgeCommitted(journal: Journal, { machine, foreign }: Trial): string[] {
  const { current, profile, bootDefault } = machine.real.system;
  const { toplevel } = journal;
  const isWhole = [current, profile, bootDefault].every((path) => path === toplevel);
  if (!isWhole) return ["committed, but not whole"];
  // A way back asks for no proof; and what failed already in a system that its owner activated is old from then on.
  const isOld = [...foreign].some((path) => machine.fate.unhealthy.has(path));
  const isExcused = isWayBack(journal) || isOld;
  return !isExcused && machine.fate.unhealthy.has(toplevel) ? ["committed, but unhealthy"] : [];
}

function judgeHome(journal: Journal, trial: Trial): string[] {
  const { machine } = trial;
  const { current, profile, bootDefault } = machine.real.system;
  const { step, toplevel, before, unproven } = journal;
  if (current !== before.current) {
    // It was its owner's, or a restart has ended its owner's.
    const isOwners = [current, before.current].some((path) => path !== null && trial.foreign.has(path));
    return isOwners ? [] : [`${step}, but another runs`];
  }
  if (!isKnownGood(current, trial)) return [`${step} on a system that nobody proved`];
  const isUnproven = (named: StorePath | null) => named === toplevel || named === unproven;
  const isNamed = [profile, bootDefault].some(
    (named) => named !== null && isUnproven(named) && !trial.kept.has(named),
  );
  return before.current !== toplevel && isNamed ? [`${step}, but named`] : [];
}

/** By what happened, not by what the journal says of it. */
function isKnownGood(path: StorePath | null, { proven, panicked, foreign }: Trial): boolean {
  return path !== null && ((proven.has(path) && !panicked.has(path)) || foreign.has(path));
}

function judgeFailed(journal: Journal, { machine }: Trial): string[] {
  return machine.failures > 0 ? [] : [`${journal.step} without a failure`];
}

function show({ seed, trial, broken }: Ending): string {
  const { machine, trace, journal } = trial;
  const { fate, real } = machine;
  const facts = JSON.stringify({ fate, pointers: real.system, journal }, lists);
  return `seed ${seed}: ${broken.join(", ")}\n${trace.join(" > ")}\n${facts}`;
}

function lists(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  return value instanceof Set ? [...value] : value;
}

/** How many trials ended in each step, and how many in what is known to happen. */
function playAll(seeds: number, wishes: Wishes, known: RegExp | null) {
  const ends = new Map<string, number>();
  let exceptions = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const ending = playTrial(seed, wishes);
    const isKnown = ending.broken.every((what) => known?.test(what) === true);
    if (!isKnown) throw new Error(show(ending));
    exceptions += ending.broken.length > 0 ? 1 : 0;
    const step = ending.trial.journal?.step ?? "none";
    ends.set(step, (ends.get(step) ?? 0) + 1);
  }
  const countOf = (...steps: string[]) => steps.reduce((sum, step) => sum + (ends.get(step) ?? 0), 0);
  return { countOf, exceptions };
}

test("whatever happens, the node comes to rest as its journal says, and what is unproven is never permanent", () => {
  const seeds = 3_000;
  const { countOf } = playAll(seeds, { loader: "one-shot", losesJournal: false }, null);
  expect(countOf("revert-failed", "stuck")).toBeLessThan(seeds / 50);
  // Else nothing would have been tried.
  for (const step of ["committed", "reverted", "refused", "staged-for-reboot"]) {
    expect(countOf(step), step).toBeGreaterThan(10);
  }
}, 60_000);

test("a journal that is lost, at any moment, leads to rest too", () => {
  const seeds = 1_500;
  // Known: one that is lost in a commit leaves what it named, and a restart then leads elsewhere; and of a panic in it nobody knows.
  const known = /^refused|nobody proved/;
  const { countOf, exceptions } = playAll(seeds, { loader: "one-shot", losesJournal: true }, known);
  expect(countOf("committed", "reverted")).toBeGreaterThan(seeds / 2);
  expect(exceptions).toBeLessThan(seeds / 50);
}, 60_000);

test("where the loader does not say what it boots, and cannot boot once, the node comes to rest too", () => {
  const seeds = 1_000;
  // There a restart makes the new system the default before its proof, and nobody can look whether it was put back.
  const known = /before its commit|^reverted, but named/;
  const { countOf } = playAll(seeds, { loader: "none", losesJournal: false }, known);
  expect(countOf("committed", "reverted")).toBeGreaterThan(seeds / 2);
}, 60_000);
