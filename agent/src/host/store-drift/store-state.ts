/** SHELL. What the store service knows while it runs, and how its parts are joined. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import { createStandingAlarms, type StandingAlarms } from "../../reconcile/drift/standing-alarms.ts";
import type { SecondLook } from "../../reconcile/store-drift/second-look.ts";
import { isSwitchLocked, switchLockFile } from "../activation/switch-lock.ts";
import { createBurstMeter, type BurstMeter } from "../drift/watching/burst-meter.ts";
import { createResponder, type Responder, type ResponderOptions } from "../drift/drift-response.ts";
import type { FetchSource } from "../store/nix.ts";
import { openScrubFile, type ScrubFile } from "./scrub-file.ts";
import type { StoreClosure } from "./store-closure.ts";
import type { StoreHand } from "./store-hand.ts";
import { createStoreFindings, type StoreFindings } from "./store-findings.ts";
import { createStoreLook, type StoreLook } from "./store-look.ts";
import { createStoreRepair } from "./repair/store-repair.ts";
import { createStoreWatch, type StoreWatch } from "./store-watch.ts";

export interface StoreDriftOptions {
  /** The active system; `null` while it is none of ours, and nothing is compared then. */
  toplevel: () => StorePath | null;
  /** The closure list of a system, as its signed leaf names it; null where no leaf does. */
  listOf: (toplevel: StorePath) => Digest | null;
  source: (toplevel: StorePath) => FetchSource | null;
  mode: DriftMode;
  /** What policy says of a path; without it, what the mode says. */
  stance?: NonNullable<ResponderOptions["stance"]>;
  /** Null where bytes are read of suspects only. */
  roundMs: number | null;
  walkMs: number;
  isHeld: () => boolean;
  isSwitching: () => boolean;
  /** Store path that this agent runs from; null outside the store. */
  ownPath: StorePath | null;
  /** This agent's own script. */
  program: string;
  stateDir: string;
  /** Shared by all that watches in this process. */
  meter?: BurstMeter;
  onEvent: (body: NodeEventBody) => void;
  /** A path is right again: what was read of it before is to be read anew. */
  onRepaired?: (path: StorePath) => void;
  log: Log;
  /** Before /nix/store, in tests. */
  root?: string;
  switchLock?: string;
  /** False in tests, which have no hours. */
  isPaced?: boolean;
  /** Between two looks of which both must find a difference; shorter in tests. */
  waits?: SecondLook;
  /** After how long what could not be looked at is told; sooner in tests. */
  lastsMs?: number;
}

export interface StoreState extends StoreDriftOptions {
  root: string;
  closure: StoreClosure | null;
  /** The active system whose list is not there; looked for again, told once. */
  unlisted: StorePath | null;
  responder: Responder;
  look: StoreLook;
  findings: StoreFindings;
  hand: StoreHand;
  watch: StoreWatch;
  file: ScrubFile;
  hints: Set<StorePath>;
  alarms: StandingAlarms;
  lastWalkAt: string | null;
  /** Monotonic; the first walk is due at once. */
  nextWalkMs: number;
  isStopped: boolean;
}

export function openStoreState(options: StoreDriftOptions, hand: StoreHand, wake: () => void): StoreState {
  const { root = "", stateDir, log } = options;
  const file = openScrubFile(stateDir, log);
  const responder = createResponder(options);
  const hints = new Set<StorePath>();
  const look = createStoreLook({
    root,
    hand,
    book: () => file.book,
    async onLooked(expected, looked) {
      // A worker that was ended with us says nothing.
      if (!state.isStopped) await state.findings.take(expected, looked);
    },
  });
  const onHint = (path: StorePath): void => {
    hints.add(path);
    wake();
  };
  const state: StoreState = {
    ...options,
    root,
    file,
    responder,
    hand,
    look,
    hints,
    findings: openFindings(options, { responder, look, wake, state: () => state }),
    watch: openWatch(options, onHint, () => {
      state.nextWalkMs = -Infinity;
      wake();
    }),
    closure: null,
    unlisted: null,
    alarms: openAlarms(options),
    lastWalkAt: null,
    nextWalkMs: -Infinity,
    isStopped: false,
  };
  tellCorrupt(file, options.onEvent);
  return state;
}

function openAlarms({ onEvent, log }: StoreDriftOptions): StandingAlarms {
  return createStandingAlarms({
    onEvent,
    onRaised: (code, problem) => log.error({ code, problem }, "store alarm raised"),
    nowMs: () => performance.now(),
  });
}

function openWatch(
  options: StoreDriftOptions,
  onHint: (path: StorePath) => void,
  onLoss: () => void,
): StoreWatch {
  const { root = "", meter = createBurstMeter(options), onEvent, log } = options;
  return createStoreWatch({ root, meter, onEvent, log, onHint, onLoss });
}

interface FindingsParts {
  responder: Responder;
  look: StoreLook;
  wake: () => void;
  state: () => StoreState;
}

function openFindings(
  options: StoreDriftOptions,
  { responder, look, wake, state }: FindingsParts,
): StoreFindings {
  const repair = createStoreRepair({
    ...options,
    responder,
    closure: () => state().closure,
    source: ({ toplevel }) => options.source(toplevel),
    compare: (expected) => look.compare(expected),
    async onRepaired(path) {
      options.onRepaired?.(path);
      if (state().watch.has(path)) await state().watch.refresh();
    },
    isCurrent: (closure) => isCurrent(state(), closure),
  });
  return createStoreFindings({
    ...options,
    repair,
    onAlarm: (code, message) => alarm(state(), code, message),
    onDue: wake,
  });
}

function tellCorrupt({ corrupt }: ScrubFile, onEvent: StoreDriftOptions["onEvent"]): void {
  if (corrupt === null) return;
  const message = `what was read of the store was unreadable and lies at ${corrupt}: the round begins anew`;
  onEvent({ type: "alarm", data: { code: "file-unreadable", message } });
}

/** A switch runs: what it needs is not taken away from under it. */
export function isBusy({ isSwitching, switchLock = switchLockFile }: StoreState): boolean {
  return isSwitching() || isSwitchLocked(switchLock);
}

/** Whether what is known of this system still says what its store must hold, and nobody switches. */
export function isCurrent(state: StoreState, closure: StoreClosure): boolean {
  return !state.isStopped && !isBusy(state) && state.toplevel() === closure.toplevel;
}

/** So long a new system may go unnoticed. */
export const longestRestMs = 10_000;
export const busyMs = 1_000;

/** Nothing says again that it is still so: told now and then. */
export function alarm({ alarms }: StoreState, code: string, message: string): void {
  alarms.tell(code, message);
}
