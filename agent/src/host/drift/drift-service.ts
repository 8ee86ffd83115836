/** SHELL. Keeps /etc as the active toplevel declares it: hints check a path at once, a sweep checks all of it. */
import type { DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import pLimit, { type LimitFunction } from "p-limit";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import { etcPath } from "../../reconcile/drift/etc-entry.ts";
import { createEtcScope, type IgnoredGlob } from "../../reconcile/drift/etc-scope.ts";
import { createDriftPass, type DriftPass, type PassResult, type SweepControl } from "./drift-pass.ts";
import { createResponder, type Responder } from "./drift-response.ts";
import { createEtcWatcher } from "./etc-watcher.ts";
import { createEvidence } from "./evidence.ts";
import { createHintQueue } from "./hint-queue.ts";
import { isSwitchLocked, switchLockFile } from "../activation/switch-lock.ts";

export interface DriftOptions {
  /** The active system; `null` while it is none of ours, and nothing is compared then. */
  toplevel: () => string | null;
  mode: DriftMode;
  /** True while an operator's hold forbids to put anything back. */
  isHeld: () => boolean;
  ignore: readonly IgnoredGlob[];
  /** True while an activation of ours runs. */
  isSwitching: () => boolean;
  sweepMs: number;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
  stateDir: string;
  /** Another folder in tests, without links on the way; events say /etc all the same. */
  etcDir?: string;
  switchLock?: string;
  currentSystem?: string;
}

export interface DriftService {
  summary(): DriftSummary;
  /** One whole sweep that begins after this call. */
  sweepNow(): Promise<void>;
  stop(): Promise<void>;
}

/** A write is often two events: cut, then filled. Only reporting has no hurry. */
const coalesceMs: Readonly<Record<DriftMode, number>> = { revert: 2, report: 100, ignore: 100 };
/** After a switch that kept us waiting. */
const againMs = 1000;

export function startDrift(options: DriftOptions): DriftService {
  const { responder, pass } = createPass(options);
  const sweeps = pLimit(1);
  let again: NodeJS.Timeout | null = null;
  let isStopped = false;
  const hints = createHintQueue({
    delayMs: coalesceMs[options.mode],
    follow: async (batch) => noteResult(await pass.follow(batch)),
  });
  const watcher = createEtcWatcher({
    etcDir: options.etcDir ?? "/etc",
    isManaged: (path) => pass.isManaged(path),
    onHint: (path) => (responder.isResting(etcPath(path)) ? undefined : hints.add(path)),
    onEvent: options.onEvent,
    log: options.log,
  });
  const control: SweepControl = { onExpected: (key) => watcher.renew(key), isStopped: () => isStopped };
  const sweep = (): Promise<void> => sweeps(async () => noteResult(await pass.sweep(control)));
  // A sweep that takes longer than the interval is not followed by a queue of them.
  const timer = setInterval(() => (isIdle(sweeps) ? void sweep() : undefined), options.sweepMs);
  void sweep();

  function noteResult(result: PassResult): void {
    if (result === "done" || isStopped) return;
    again ??= setTimeout(() => {
      again = null;
      void sweep();
    }, againMs);
  }

  return {
    summary: () => responder.summary(),
    sweepNow: sweep,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      if (again !== null) clearTimeout(again);
      hints.stop();
      await watcher.close();
      await sweeps(() => pass.settled());
    },
  };
}

function createPass(options: DriftOptions): { responder: Responder; pass: DriftPass } {
  const responder = createResponder(options);
  const { toplevel, mode, isHeld, onEvent, log, isSwitching } = options;
  const { switchLock = switchLockFile, etcDir = "/etc" } = options;
  const pass = createDriftPass({
    toplevel,
    mode,
    isHeld,
    currentSystem: options.currentSystem ?? "/run/current-system",
    etcDir,
    isBusy: () => isSwitching() || isSwitchLocked(switchLock),
    scope: createEtcScope(options.ignore),
    evidence: createEvidence(options.stateDir),
    responder,
    onEvent,
    log,
  });
  return { responder, pass };
}

function isIdle({ activeCount, pendingCount }: LimitFunction): boolean {
  return activeCount + pendingCount === 0;
}
