/** PURE. Tests only: what may happen to a node, by the numbers of one seed, while `decide` drives it. */
import { Digest, type StorePath } from "@chimera/proto/names";
import type { Blocked, Desired } from "../decision.ts";
import type { Journal } from "../journal.ts";
import { OrderPolicy } from "../order-policy.ts";
import { diceOf, type Dice } from "./dice.ts";
import { bootAnother, letGoOn, undoesBooted } from "./random-boots.ts";
import { a, b, c, desired, localOf, panicOf } from "./machine-model.ts";
import {
  createMachine,
  isIn,
  powerCycle,
  unitEnds,
  wait,
  type Fate,
  type Machine,
} from "./random-machine.ts";

export interface Trial {
  dice: Dice;
  machine: Machine;
  journal: Journal | null;
  signed: Desired;
  local: Desired | null;
  hold: Blocked | null;
  locals: number;
  losesJournal: boolean;
  /** How often the agent died between a write and an action, or between two writes. */
  kills: number;
  losses: number;
  /** What proved itself, or ran before anybody ordered anything, or was activated by somebody else: kept here, not in the journal. */
  proven: Set<StorePath>;
  /** What the newest panic undoes. */
  undone: StorePath | null;
  /** What panics undid that the node began, until it is wanted again. */
  panicked: Set<StorePath>;
  /** What somebody else activated: allowed as a way back, and nothing else. */
  foreign: Set<StorePath>;
  /** The boot in which root lets the node go on. */
  goesOnIn: string | null;
  /** Of those, what was made permanent too: by its owner, not by us. */
  kept: Set<StorePath>;
  trace: string[];
}

export interface Wishes {
  loader: Fate["loader"];
  /** Whether the journal may be lost. */
  losesJournal: boolean;
}

export function beginTrial(seed: number, { loader, losesJournal }: Wishes): Trial {
  const dice = diceOf(seed);
  const machine = createMachine(fateOf(dice, loader));
  const signed = ordered(desired(1, b), machine.fate);
  const nothing = { journal: null, local: null, hold: null, locals: 0, kills: 0, losses: 0 };
  return {
    dice,
    machine,
    signed,
    losesJournal,
    trace: [],
    ...nothing,
    proven: new Set([a]),
    undone: null,
    panicked: new Set(),
    foreign: new Set(),
    kept: new Set(),
    goesOnIn: null,
  };
}

function fateOf({ chance, pick }: Dice, loader: Fate["loader"]): Fate {
  const some = (probability: number) => new Set([b, c].filter(() => chance(probability)));
  const units = [b, c].flatMap((path) => [`test ${path}`, `boot ${path}`]);
  const ends = units.filter(() => chance(0.08)).map((name) => [name, pick(unitEnds)] as const);
  return {
    policy: OrderPolicy.parse({
      reboot: pick(["when-needed", "when-needed", "never"]),
      panicReboot: pick(["now", "never"]),
      acceptUnprotected: chance(0.8),
    }),
    unhealthy: some(0.3),
    silent: some(0.1),
    dead: some(0.15),
    kernels: some(0.25),
    inits: some(0.1),
    // A lock that is never given back is nobody's system.
    ends: new Map(ends.filter(([, { exitCode }]) => exitCode !== 11)),
    broken: new Set(chance(0.1) ? [pick(["clear-boot-once", "disarm-dead-man"])] : []),
    flakiness: pick([0, 0.02, 0.1]),
    loader,
    drains: pick([60, null]),
  };
}

const ordered = (want: Desired, { policy }: Fate): Desired => ({ ...want, policy, probationMs: 5_000 });

interface Event {
  name: string;
  probability: number;
  /** False where there is nothing that could happen. */
  happen: (trial: Trial) => boolean;
}

/** At each look, each by itself. */
const events: readonly Event[] = [
  { name: "CUT", probability: 0.03, happen: cutPower },
  { name: "HANG", probability: 0.006, happen: hang },
  { name: "HEAD", probability: 0.008, happen: signHead },
  { name: "PANIC", probability: 0.008, happen: signPanic },
  { name: "LOCAL", probability: 0.015, happen: orderLocally },
  { name: "LOCAL-ENDS", probability: 0.03, happen: endLocal },
  { name: "HOLD", probability: 0.015, happen: beginHold },
  { name: "HOLD-ENDS", probability: 0.1, happen: endHold },
  { name: "FOREIGN", probability: 0.004, happen: activateByHand },
  { name: "MENU", probability: 0.006, happen: bootAnother },
  { name: "GO-ON", probability: 0.01, happen: letGoOn },
  { name: "FETCH-FAILS", probability: 0.03, happen: failFetch },
];

/** One look's worth of bad luck. */
export function befall(trial: Trial): void {
  for (const { name, probability, happen } of events) {
    if (trial.dice.chance(probability) && happen(trial)) trial.trace.push(`${name}${said(trial, name)}`);
  }
  if (!trial.losesJournal || !trial.dice.chance(0.02)) return;
  trial.journal = null;
  // An agent that starts without one disarms what may be armed.
  trial.machine.timer = null;
  trial.losses += 1;
  trial.trace.push("JOURNAL-LOST");
}

/** Of orders, what they want. */
function said({ signed, local }: Trial, name: string): string {
  const want = name === "LOCAL" ? local : signed;
  return ["HEAD", "PANIC", "LOCAL"].includes(name) ? ` ${want?.toplevel?.at(-1) ?? ""}` : "";
}

function cutPower({ machine, dice }: Trial): boolean {
  powerCycle(machine, dice.chance(0.5));
  return true;
}

/** The agent, until its dead-man fires. */
function hang({ machine }: Trial): boolean {
  if (machine.timer === null) return false;
  wait(machine, machine.timer.atMs - machine.real.uptimeMs);
  return true;
}

function signHead(trial: Trial): boolean {
  const { serial } = trial.signed.order;
  const path = trial.dice.pick([a, b, c]);
  trial.signed = ordered(desired(serial + 1, path), trial.machine.fate);
  trial.panicked.delete(path);
  trial.local = null;
  return true;
}

/** To where the undone head came from, as far as that is known, and never to the head itself. */
function signPanic(trial: Trial): boolean {
  const { signed, journal, machine } = trial;
  if (signed.order.rank > 0) return false;
  const before = journal?.order.id === signed.order.id ? journal.before.current : null;
  const home = before === signed.toplevel ? a : (before ?? a);
  trial.undone = signed.toplevel === home ? null : signed.toplevel;
  trial.signed = ordered(panicOf(signed.order.serial, home), machine.fate);
  trial.local = null;
  return true;
}

function orderLocally(trial: Trial): boolean {
  const { signed, dice, machine } = trial;
  const action = dice.pick(["apply", "apply", "revert"] as const);
  const local = localOf(signed.order.serial, action === "apply" ? dice.pick([b, c]) : a, action);
  trial.locals += 1;
  // Units are named by its first digits.
  const id = Digest.parse(`${trial.locals}f`.padEnd(64, "0"));
  // Root, who orders on top of it, knows of the panic.
  trial.panicked.clear();
  trial.local = ordered({ ...local, order: { ...local.order, rank: signed.order.rank, id } }, machine.fate);
  return true;
}

function endLocal(trial: Trial): boolean {
  const { local } = trial;
  trial.local = null;
  return local !== null;
}

function beginHold(trial: Trial): boolean {
  trial.hold ??= { state: "held", reason: "held", detail: "by root", repairs: true };
  return true;
}

function endHold(trial: Trial): boolean {
  const { hold: held } = trial;
  trial.hold = null;
  return held !== null;
}

/** Somebody who tries another system, and makes it permanent or not. */
function activateByHand({ machine, dice, foreign, kept }: Trial): boolean {
  if (machine.running !== null) return false;
  const path = dice.pick([a, b, c]);
  if (machine.fate.inits.has(path) || isIn(machine.fate.inits, machine.real.system.current)) return false;
  const { system } = machine.real;
  const isKept = dice.chance(0.3);
  const pointers = isKept ? { profile: path, bootDefault: path } : {};
  if (isKept) {
    kept.add(path);
    machine.generations.add(path);
    machine.entries = new Set(machine.generations);
  }
  machine.real = { ...machine.real, system: { ...system, current: path, ...pointers } };
  foreign.add(path);
  machine.failures += 1;
  return true;
}

function failFetch({ machine, dice }: Trial): boolean {
  const { fetch } = machine.real;
  if (fetch.kind !== "done") return false;
  const code = dice.pick(["closure-unavailable", "closure-unavailable", "closure-mismatch"] as const);
  machine.real = { ...machine.real, fetch: { kind: "failed", head: fetch.head, code, message: "a test's" } };
  return true;
}

/** The faults are over: what still runs ends, and what root held goes on. */
export function calm(trial: Trial): void {
  trial.hold = null;
  if (trial.dice.chance(0.5)) trial.local = null;
  if (trial.dice.chance(0.5)) letGoOn(trial);
  trial.trace.push("CALM");
}

export const wantedBy = (trial: Trial): Desired => ({
  ...(trial.local ?? trial.signed),
  blocked: trial.hold,
  waits: null,
  undoesBooted: undoesBooted(trial),
});
