/** SHELL. Keeps /etc as the active toplevel declares it: hints check a path at once, a sweep checks all of it. */
import type { DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import type { EtcBudget } from "../../reconcile/drift/etc-budget.ts";
import { etcPath } from "../../reconcile/drift/etc-entry.ts";
import type { EtcMounts } from "../../reconcile/drift/mounts/covering-mounts.ts";
import { createEtcScope, type IgnoredGlob } from "../../reconcile/drift/etc-scope.ts";
import type { Stance } from "../../reconcile/drift/drift-stance.ts";
import { createDriftPass, type DriftPass, type SweepControl } from "./drift-pass.ts";
import { createResponder, type Responder } from "./drift-response.ts";
import { createEtcWatcher, type EtcWatcher } from "./watching/etc-watcher.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import { createEvidence, type Evidence } from "./evidence.ts";
import { createHintQueue, type HintQueue } from "./hint-queue.ts";
import { openFirstMounts } from "./mounts/first-mounts.ts";
import { watchMounts } from "./mounts/mount-watch.ts";
import { openRestored } from "./overlay/restored.ts";
import { createBurstMeter, type BurstMeter } from "./watching/burst-meter.ts";
import type { PathProof } from "../store-drift/path-proof.ts";
import { createSweeper, type Sweeper } from "./sweeper.ts";
import { createSwitchLook, switchLockFile } from "../activation/switch-lock.ts";
import { createSwitchingSight } from "../activation/switching-process.ts";

export interface DriftOptions {
  /** The active system; `null` while it is none of ours, and nothing is compared then. */
  toplevel: () => string | null;
  mode: DriftMode;
  /** For what is mounted over /etc; without it as `mode` says. */
  mounts?: DriftMode;
  /** True while an operator's hold forbids to put anything back. */
  isHeld: () => boolean;
  /** What policy says of a path; without it, what the mode says. */
  stance?: (path: string) => Stance;
  /** Shared with all that is compared on this node; without it fights are forgotten with the process. */
  budget?: EtcBudget;
  ignore: readonly IgnoredGlob[];
  /** True while an activation of ours runs. */
  isSwitching: () => boolean;
  sweepMs: number;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
  stateDir: string;
  /** Shared by all that keep some, for its limits are those of all together. */
  evidence?: Evidence;
  /** What the closure says is taken only from paths that it proves; without it, from whatever lies there. */
  proof?: PathProof;
  /** Shared by all that watches in this process. */
  meter?: BurstMeter;
  /** Another folder in tests, without links on the way; events say /etc all the same. */
  etcDir?: string;
  switchLock?: string;
  isActivating?: () => boolean;
  currentSystem?: string;
}

export interface DriftService {
  summary(): DriftSummary;
  /** One whole sweep that begins after this call. */
  sweepNow(): Promise<void>;
  /** Puts back again what was fought over. */
  resume(path: string): void;
  /** By the newest look; null where nothing of ours is active, or nothing is compared. */
  expected(): ExpectedEtc | null;
  /** What is mounted over it now. */
  covering(expected: ExpectedEtc): EtcMounts;
  /** The store was repaired: /etc is compared with what is there now. */
  noteRepaired(): void;
  stop(): Promise<void>;
}

/** A write is often two events: cut, then filled. Only reporting has no hurry. */
const coalesceMs: Readonly<Record<DriftMode, number>> = { revert: 2, report: 100, ignore: 100 };
/** Flags and attributes are asked of programs: a little later, so that content comes first. */
const staleMs = 20;

export function startDrift(options: DriftOptions): DriftService {
  const { responder, pass, evidence } = createPass(options, (path, since) => stale.add(path, since));
  const { etcDir = "/etc", onEvent, log, meter = createBurstMeter(options) } = options;
  let isStopped = false;
  const control: SweepControl = {
    onExpected: (key) => watcher.renew(key),
    onLost: () => watcher.leave(),
    isStopped: () => isStopped,
  };
  const sweeper = createSweeper({ run: () => pass.sweep(control), everyMs: options.sweepMs });
  const { hints, stale } = createQueues(pass, sweeper, options.mode);
  const watcher = createEtcWatcher({
    etcDir,
    ...managedBy(pass),
    directories: () => directoriesOf(pass),
    onHint: (path) => (responder.isResting(etcPath(path)) ? undefined : hints.add(path)),
    meter,
    onEvent,
    onLoss: () => sweeper.sweep(),
    log,
  });
  const mounts = watchMounts({ etcDir, onChange: () => sweeper.nudge() });
  sweeper.nudge();
  return {
    summary: () => ({ ...responder.summary(), ...watchingFact(watcher), ...unseenFact(pass) }),
    ...sweepsOf(pass, sweeper),
    ...sightOf(pass),
    resume: (path) => (responder.resume(path) ? sweeper.nudge() : undefined),
    async stop() {
      isStopped = true;
      for (const part of [hints, stale, mounts]) part.stop();
      await Promise.all([sweeper.stop(), watcher.close()]);
      await pass.settled();
      await evidence.settled();
    },
  };
}

function createQueues(
  pass: DriftPass,
  sweeper: Sweeper,
  mode: DriftMode,
): Record<"hints" | "stale", HintQueue> {
  return {
    hints: createHintQueue({
      delayMs: coalesceMs[mode],
      follow: async (batch) => sweeper.note(await pass.follow(batch)),
    }),
    stale: createHintQueue({
      delayMs: staleMs,
      restFactor: 4,
      follow: async (batch) => sweeper.note(await pass.followAttributes(batch)),
    }),
  };
}

function sweepsOf(pass: DriftPass, sweeper: Sweeper): Pick<DriftService, "sweepNow" | "noteRepaired"> {
  return {
    sweepNow: () => sweeper.sweep(),
    noteRepaired() {
      pass.forget();
      sweeper.nudge();
    },
  };
}

function sightOf(pass: DriftPass): Pick<DriftService, "expected" | "covering"> {
  return { expected: () => pass.expected(), covering: (expected) => pass.covering(expected) };
}

function managedBy(pass: DriftPass): Pick<DriftPass, "isManaged" | "isDirectory"> {
  return { isManaged: (path) => pass.isManaged(path), isDirectory: (path) => pass.isDirectory(path) };
}

function directoriesOf(pass: DriftPass): string[] {
  const entries = pass.expected()?.entries.values() ?? [];
  return [...entries].filter(({ kind }) => kind === "directory").map(({ path }) => path);
}

function watchingFact(watcher: EtcWatcher): Pick<DriftSummary, "watching"> {
  const watching = watcher.isWatching();
  return watching === undefined ? {} : { watching };
}

const shownUnseen = 16;
const shownWords = 512;

function unseenFact(pass: DriftPass): Pick<DriftSummary, "unseen"> {
  const unseen = pass.unseen().slice(0, shownUnseen);
  return unseen.length === 0 ? {} : { unseen: unseen.map((text) => text.slice(0, shownWords)) };
}

interface Parts {
  responder: Responder;
  pass: DriftPass;
  evidence: Evidence;
}

function createPass(options: DriftOptions, onStale: (path: string, since: number) => void): Parts {
  const evidence = options.evidence ?? createEvidence(options.stateDir);
  const responder = createResponder(options);
  const { toplevel, mode, isHeld, onEvent, log, isSwitching } = options;
  const { switchLock = switchLockFile, etcDir = "/etc" } = options;
  const isLocked = createSwitchLook(switchLock);
  const pass = createDriftPass({
    toplevel,
    mode,
    mountMode: options.mounts ?? mode,
    isHeld,
    currentSystem: options.currentSystem ?? "/run/current-system",
    etcDir,
    firstMounts: openFirstMounts({ stateDir: options.stateDir, etcDir }),
    isBusy: () => isSwitching() || isLocked(),
    isActivating: options.isActivating ?? createSwitchingSight(),
    scope: createEtcScope(options.ignore),
    evidence,
    restored: openRestored(options.stateDir),
    proof: options.proof ?? null,
    responder,
    onStale,
    onEvent,
    log,
  });
  return { responder, pass, evidence };
}
