/** SHELL. One look at /etc: all of it (sweep) or what hints named; each entry is checked and put back as one step. */
import { lstatSync } from "node:fs";
import pLimit from "p-limit";
import { createStandingAlarms } from "../../reconcile/drift/standing-alarms.ts";
import { unmountedItem } from "../../reconcile/drift/drift.ts";
import type { DriftItem } from "@chimera/proto/drift";
import type { EtcMounts } from "../../reconcile/drift/mounts/covering-mounts.ts";
import type { EtcLayout } from "../../reconcile/drift/mounts/etc-layout.ts";
import type { WatchKey } from "./watching/etc-watcher.ts";
import { createAttributeBook } from "./attributes/attribute-book.ts";
import { sweepCleanList } from "./clean-list.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import { createDigestStamps } from "./digest-stamps.ts";
import { createMountView } from "./mounts/mount-view.ts";
import { removeLeftovers } from "./overlay/refresh.ts";
import { loadProvenEtc } from "./prove-expected.ts";
import { alarm, foreignSystem, isCurrent, watchKey } from "./pass-state.ts";
import type { DriftPassOptions, PassState } from "./pass-state.ts";
import { followAttributes, followHint, sweepAttributes, sweepEntries } from "./entry-steps.ts";
import { sweepMounts, sweepStale } from "./pass-steps.ts";

/** `deferred`: a switch runs or the system changed; look again soon. */
export type PassResult = "done" | "deferred";

export interface SweepControl {
  /** The expectations are read; the key changes with the tree and with /etc itself. */
  onExpected: (key: WatchKey) => Promise<void>;
  /** /etc is not what the closure's would be: there is nothing to listen to. */
  onLost: () => Promise<void>;
  isStopped: () => boolean;
}

export interface DriftPass {
  sweep(control: SweepControl): Promise<PassResult>;
  /** Paths below /etc with the monotonic ms of their first hint. */
  follow(hints: ReadonlyMap<string, number>): Promise<PassResult>;
  /** The same for what `onStale` named. */
  followAttributes(hints: ReadonlyMap<string, number>): Promise<PassResult>;
  isManaged(path: string): boolean;
  isDirectory(path: string): boolean;
  /** Of the newest look; null where nothing of ours is active. */
  expected(): ExpectedEtc | null;
  /** What is mounted over it now. */
  covering(expected: ExpectedEtc): EtcMounts;
  /** What the latest look could not compare, and why. */
  unseen(): readonly string[];
  /** The store was repaired: what was read of it is read again. */
  forget(): void;
  /** When no entry is being worked on. */
  settled(): Promise<void>;
}

const nothingYet = { isForgotten: false, unseen: [], cleanDiffered: null };

export function createDriftPass(options: DriftPassOptions): DriftPass {
  const mounts = createMountView(options);
  const attributes = createAttributeBook(options.etcDir);
  const stamps = createDigestStamps();
  const parts = { mounts, attributes, stamps, turn: pLimit(1), ...openAlarms(options) };
  const state: PassState = { ...options, ...parts, expected: null, ...nothingYet };
  return {
    sweep: (control) => sweep(state, control),
    follow: (hints) => follow(state, hints),
    followAttributes: (hints) => followStale(state, hints),
    expected: () => state.expected,
    covering: (expected) => state.mounts.look(expected),
    isManaged: (path) => state.expected?.entries.has(path) === true,
    isDirectory: (path) => state.expected?.entries.get(path)?.kind === "directory",
    unseen: () => [...state.unseen, ...state.alarms.shown()],
    forget() {
      state.isForgotten = true;
    },
    settled: () => state.turn(async () => {}),
  };
}

function openAlarms({ onEvent, log }: DriftPassOptions): Pick<PassState, "alarms" | "missingTools"> {
  const alarms = createStandingAlarms({
    onEvent,
    onRaised: (code, problem) => log.error({ code, problem }, "drift alarm raised"),
    nowMs: () => performance.now(),
  });
  return { alarms, missingTools: new Set() };
}

async function sweep(state: PassState, control: SweepControl): Promise<PassResult> {
  const toplevel = state.mode === "ignore" ? null : state.toplevel();
  if (toplevel === null) {
    state.expected = null;
    state.unseen = [];
    state.alarms.clear();
    state.responder.noteSwept({ at: new Date().toISOString(), managed: 0, seen: new Set() });
    return "done";
  }
  if (state.isBusy()) return "deferred";
  const layout = state.mounts.layout();
  const foreign = foreignSystem(state, toplevel);
  if (foreign !== null) return leaveForeign(state, foreign);
  const lost = lostOverlay(state, { toplevel, layout });
  if (lost === null) return sweepAs(state, { toplevel, layout, control });
  await control.onLost();
  return leaveAlone(state, lost);
}

async function sweepAs(
  state: PassState,
  { toplevel, layout, control }: { toplevel: string; layout: EtcLayout; control: SweepControl },
): Promise<PassResult> {
  const { scope } = state;
  const previous = state.isForgotten ? null : state.expected;
  state.isForgotten = false;
  const loaded = await loadProvenEtc({ toplevel, scope, layout, previous }, state.proof);
  if (loaded.kind === "failed") {
    return leaveUnseen(state, "expected-unreadable", `${toplevel}/etc cannot be read: ${loaded.errno}`);
  }
  if (loaded.kind === "doubted") {
    return leaveUnseen(state, "expected-unproven", loaded.why);
  }
  const expected = loaded.value;
  noteGaps(state, expected);
  state.expected = expected;
  const sweeping = { expected, seen: new Set<string>(), isStopped: control.isStopped };
  // Before the watch, which would listen to what somebody mounted there.
  if (!(await sweepMounts(state, sweeping))) return "deferred";
  await control.onExpected(watchKey(state, expected));
  if (!(await sweepAttributes(state, sweeping))) return "deferred";
  if (!(await sweepEntries(state, sweeping))) return "deferred";
  if (!(await sweepStale(state, sweeping))) return "deferred";
  if (!(await sweepCleanList(state, sweeping))) return "deferred";
  await removeLeftovers(state, expected);
  await state.turn(() => state.evidence.prune());
  // The system may have changed while we walked: then this was a walk along the wrong list.
  if (!isCurrent(state, expected)) return "deferred";
  state.alarms.endLook();
  const { seen } = sweeping;
  state.responder.noteSwept({ at: new Date().toISOString(), managed: expected.entries.size, seen });
  return "done";
}

/** What is open stays so: nobody looked. */
function leaveUnseen(state: PassState, code: string, why: string): PassResult {
  state.expected = null;
  state.unseen = [];
  alarm(state, code, `/etc, of which nothing is put back: ${why}`);
  return "done";
}

function noteGaps(state: PassState, { problems, unproven, mark, toplevel }: ExpectedEtc): void {
  for (const problem of problems) alarm(state, "expected-unusable", problem);
  for (const one of unproven) alarm(state, "expected-unproven", `${one}: nothing is put back from it`);
  const unlisted = `/etc is compared with what lies in the store: the signed list of ${toplevel} is not on this node`;
  state.unseen = mark === null ? [] : [unlisted];
}

/** Half of our /etc in that of a system that somebody else activated would be neither; the machine's drift tells it. */
function leaveForeign(state: PassState, foreign: string): PassResult {
  state.expected = null;
  state.alarms.clear();
  state.unseen = [`/etc: ${foreign} runs, which is not the system that was accepted`];
  state.responder.noteSwept({ at: new Date().toISOString(), managed: 0, seen: new Set() });
  return "done";
}

/** Without its overlay /etc is a bare directory of another file system: to fill it by hand would help nobody. */
function lostOverlay(
  { expected }: PassState,
  { toplevel, layout }: { toplevel: string; layout: EtcLayout },
): DriftItem | null {
  if (layout.kind === "overlay") return null;
  const wasOverlay = expected?.toplevel === toplevel && expected.layout.kind === "overlay";
  const image = lstatSync(`${toplevel}/etc-metadata-image`, { throwIfNoEntry: false });
  return wasOverlay || image !== undefined ? unmountedItem() : null;
}

function leaveAlone(state: PassState, item: DriftItem): PassResult {
  state.alarms.clear();
  state.unseen = ["/etc: its overlay is not mounted"];
  state.responder.tell(item);
  state.responder.noteSwept({ at: new Date().toISOString(), managed: 0, seen: new Set([item.path]) });
  return "done";
}

async function follow(state: PassState, hints: ReadonlyMap<string, number>): Promise<PassResult> {
  const { expected } = state;
  if (expected === null || hints.has("") || !isCurrent(state, expected)) return "deferred";
  for (const [path, since] of hints)
    if (!(await followHint(state, { expected, path, since }))) return "deferred";
  state.restored.save();
  return "done";
}

async function followStale(state: PassState, hints: ReadonlyMap<string, number>): Promise<PassResult> {
  const { expected } = state;
  if (expected === null || hints.has("") || !isCurrent(state, expected)) return "deferred";
  return (await followAttributes(state, { expected, hints })) ? "done" : "deferred";
}
