/** PURE. Tests only: somebody at the boot menu of the random machine, who lets the node go on or does not. */
import type { Decision } from "../decision.ts";
import { isReplaceable, type Journal } from "../journal.ts";
import { a, b, c } from "./machine-model.ts";
import type { Trial } from "./random-events.ts";
import { isIn, powerCycle } from "./random-machine.ts";

/** What is chosen runs, unless it does not come up: then the default does. */
export function bootAnother({ machine, dice, foreign }: Trial): boolean {
  const chosen = dice.pick([a, b, c]);
  machine.oneShot = null;
  powerCycle(machine, dice.chance(0.5));
  if (isIn(machine.fate.dead, chosen)) return true;
  const { system } = machine.real;
  machine.real = { ...machine.real, system: { ...system, booted: chosen, current: chosen } };
  foreign.add(chosen);
  machine.failures += 1;
  return true;
}

/** In this boot. */
export function letGoOn(trial: Trial): boolean {
  trial.goesOnIn = trial.machine.real.bootId;
  return true;
}

/** As root let it, or since what was booted is in quarantine: what a panic undid is. */
export function undoesBooted({ journal, goesOnIn, panicked }: Trial): boolean {
  const booted = journal?.foreign.booted ?? null;
  return booted !== null && (goesOnIn === journal?.bootId || panicked.has(booted));
}

/** Whoever booted it is not to be fought. */
export function isStanding(trial: Trial): boolean {
  const { journal, machine } = trial;
  const booted = journal?.foreign.booted ?? null;
  const isThisBoot = journal?.bootId === machine.real.bootId;
  return isThisBoot && booted !== null && booted === machine.real.system.current && !undoesBooted(trial);
}

/** By another step of the order that was there before. What was begun when it was allowed is finished. */
export function isFought(before: Journal | null, { plan }: Decision): boolean {
  if (before === null || plan === null || plan.action === null) return false;
  if (plan.journal.order.id !== before.order.id) return false;
  if (!isReplaceable(before) && before.step !== "reverting") return false;
  const { action } = plan;
  return action.kind === "reboot" || (action.kind === "start-unit" && action.unit.action === "test");
}
