/** SHELL. Keeps what lies beyond /etc as the active toplevel declares it: hints look at one class at once, a sweep at all. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import pLimit from "p-limit";
import type { EtcBudget } from "../../reconcile/drift/etc-budget.ts";
import { machinePart } from "../../reconcile/drift/watch-loss.ts";
import { mergeSummaries } from "../../reconcile/drift/merge-summaries.ts";
import type { Stance } from "../../reconcile/drift/drift-stance.ts";
import type { ClassModes, DriftClass } from "../../reconcile/machine-drift/drift-class.ts";
import { createSwitchLook } from "../activation/switch-lock.ts";
import { createBurstMeter, type BurstMeter } from "../drift/watching/burst-meter.ts";
import { createKeptWatch, type KeptWatch } from "../drift/watching/kept-watch.ts";
import { namedSystem } from "../system-pointers.ts";
import { createMachinePass, type MachinePass } from "./machine-pass.ts";
import type { LookContext, MachineSource } from "./machine-source.ts";
import { placesMark, watchMachine } from "./machine-watch.ts";

export interface MachineDriftOptions {
  sources: readonly MachineSource[];
  /** The accepted system that runs; null while that is none of ours. */
  toplevel: () => string | null;
  modes: ClassModes;
  isHeld: () => boolean;
  /** What policy says of a path, for each class; without it, what the mode says. */
  stances?: Readonly<Record<DriftClass, (path: string) => Stance>>;
  /** Shared with all that is compared on this node; without it fights are forgotten with the process. */
  budget?: EtcBudget;
  isIgnored: (item: DriftItem) => boolean;
  /** True while an activation of ours runs. */
  isSwitching: () => boolean;
  /** The running system's link was moved, and no switch runs: the loop is to look. */
  onForeign: () => void;
  currentSystem: string;
  switchLock: string;
  sweepMs: number;
  /** Shared by all that watches in this process. */
  meter?: BurstMeter;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface MachineDrift {
  summary(): DriftSummary;
  /** One whole sweep that begins after this call. */
  sweepNow(): Promise<void>;
  /** Puts back again what was fought over. */
  resume(path: string): void;
  /** The store was repaired: what the closure says is read anew. */
  noteRepaired(): void;
  stop(): Promise<void>;
}

/** A change is often several events; and of what somebody changes without end only so much is looked at. */
const gatherMs = 50;
const againMs = 1000;

interface State extends MachineDriftOptions {
  isLocked: () => boolean;
  passes: readonly MachinePass[];
  turn: ReturnType<typeof pLimit>;
  hinted: Set<MachinePass>;
  timer: NodeJS.Timeout | null;
  watch: KeptWatch;
  /** What was listened to. */
  mark: string;
  isStopped: boolean;
}

export function startMachineDrift(options: MachineDriftOptions): MachineDrift {
  const sweep = (): Promise<void> => state.turn(() => sweepAll(state));
  const state: State = {
    ...options,
    isLocked: createSwitchLook(options.switchLock),
    passes: [],
    turn: pLimit(1),
    hinted: new Set(),
    timer: null,
    watch: watchSources(options, { sweep, onHint: (source) => hintSource(state, source) }),
    mark: "",
    isStopped: false,
  };
  state.passes = options.sources.map((source) => createPass(state, source));
  const timer = setInterval(
    () => (state.turn.pendingCount === 0 ? void sweep() : undefined),
    options.sweepMs,
  );
  void sweep();
  return {
    summary: () => summaryOf(state),
    sweepNow: sweep,
    resume(path) {
      for (const pass of state.passes) if (pass.resume(path)) hint(state, pass, gatherMs);
    },
    noteRepaired() {
      for (const { source } of state.passes) source.forget?.();
      void sweep();
    },
    async stop() {
      state.isStopped = true;
      clearInterval(timer);
      if (state.timer !== null) clearTimeout(state.timer);
      await state.watch.close();
      await state.turn(async () => {});
    },
  };
}

function summaryOf({ passes, watch }: State): DriftSummary {
  const none = { managed: 0, open: [], openCount: 0, reverted: 0, watching: watch.isWatching() !== false };
  return mergeSummaries(
    { ...none, lastSweepAt: new Date().toISOString() },
    ...passes.map((pass) => pass.summary()),
  );
}

function createPass(state: State, source: MachineSource): MachinePass {
  const { modes, stances, budget, isHeld, isIgnored, onEvent, log } = state;
  const mode = modes[source.of];
  const stance = stances?.[source.of];
  return createMachinePass({
    source,
    mode,
    isHeld,
    ...(stance === undefined ? {} : { stance }),
    ...(budget === undefined ? {} : { budget }),
    isIgnored,
    onEvent,
    log,
    context: () => contextOf(state),
  });
}

/** Of a foreign system nothing is compared: half of ours would be neither. */
function contextOf(state: State): LookContext | "busy" | null {
  const toplevel = state.toplevel();
  if (toplevel === null) return null;
  if (isBusy(state)) return "busy";
  if (isForeign(state, toplevel)) {
    state.onForeign();
    return null;
  }
  const isCurrent = (): boolean =>
    !state.isStopped && !isBusy(state) && state.toplevel() === toplevel && !isForeign(state, toplevel);
  return { toplevel, isCurrent };
}

function isBusy({ isSwitching, isLocked }: State): boolean {
  return isSwitching() || isLocked();
}

/** A link that names no system is no foreign one: it is put back. */
function isForeign({ currentSystem }: State, toplevel: string): boolean {
  const named = namedSystem(currentSystem);
  return named !== null && named !== toplevel;
}

async function sweepAll(state: State): Promise<void> {
  // Before the first look, so that what happens between them is heard or seen.
  const mark = placesMark(state.sources);
  const isHeard = state.watch.isWatching();
  if (isHeard === undefined || (isHeard && mark !== state.mark)) {
    state.mark = mark;
    await state.watch.restart();
  }
  for (const pass of state.passes) await lookOnce(state, pass);
}

async function lookOnce(state: State, pass: MachinePass): Promise<"done" | "deferred"> {
  if (state.isStopped) return "done";
  const result = await pass.look();
  if (result === "deferred") hint(state, pass, againMs);
  return result;
}

function hint(state: State, pass: MachinePass, afterMs: number): void {
  if (state.isStopped) return;
  state.hinted.add(pass);
  state.timer ??= setTimeout(() => void state.turn(() => followHints(state)), afterMs);
}

async function followHints(state: State): Promise<void> {
  const hinted = [...state.hinted];
  state.hinted.clear();
  const began = performance.now();
  const results: string[] = [];
  try {
    for (const pass of hinted) results.push(await lookOnce(state, pass));
  } finally {
    state.timer = null;
  }
  if (state.hinted.size === 0 || state.isStopped) return;
  // Somebody who changes things without end gets a fifth of the time at most.
  const restMs = Math.max(gatherMs, 4 * (performance.now() - began));
  const afterMs = results.includes("deferred") ? againMs : restMs;
  state.timer = setTimeout(() => void state.turn(() => followHints(state)), afterMs);
}

function hintSource(state: State, source: MachineSource): void {
  const pass = state.passes.find((candidate) => candidate.source === source);
  if (pass !== undefined) hint(state, pass, gatherMs);
}

interface Listener {
  sweep: () => Promise<void>;
  onHint: (source: MachineSource) => void;
}

function watchSources(options: MachineDriftOptions, { sweep, onHint }: Listener): KeptWatch {
  const { sources, onEvent, log, meter = createBurstMeter(options) } = options;
  return createKeptWatch({
    listen: (handlers) => watchMachine({ sources, onHint, ...handlers }),
    part: machinePart,
    meter,
    onLoss: sweep,
    onEvent,
    log,
  });
}
