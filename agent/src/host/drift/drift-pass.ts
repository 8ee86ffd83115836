/** SHELL. One look at /etc: all of it (sweep) or what hints named; each entry is checked and put back as one step. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { lstatSync, realpathSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { foreignSystemItem, staleItem, type DriftMode } from "../../reconcile/drift/drift.ts";
import { etcPath, type ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { entriesBelow, entriesForHint } from "../../reconcile/drift/etc-hint.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt } from "../errno-outcome.ts";
import { checkEntry } from "./check-entry.ts";
import type { Responded, Responder } from "./drift-response.ts";
import { loadExpectedEtc, type ExpectedEtc } from "./etc-expected.ts";
import type { Evidence } from "./evidence.ts";
import { removeStale, removeUnfinished, revertEntry, type RevertContext } from "./revert-entry.ts";
import { findLeftovers } from "./sweep.ts";

export interface DriftPassOptions {
  toplevel: () => string | null;
  mode: DriftMode;
  isHeld: () => boolean;
  /** The link to the system that really is active. */
  currentSystem: string;
  etcDir: string;
  /** A switch runs: /etc is somebody else's for now. */
  isBusy: () => boolean;
  scope: EtcScope;
  evidence: Evidence;
  responder: Responder;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

/** `deferred`: a switch runs or the system changed; look again soon. */
export type PassResult = "done" | "deferred";

export interface SweepControl {
  /** The expectations are read; the key changes with the tree and with /etc itself. */
  onExpected: (key: string) => Promise<void>;
  isStopped: () => boolean;
}

export interface DriftPass {
  sweep(control: SweepControl): Promise<PassResult>;
  /** Paths below /etc with the monotonic ms of their first hint. */
  follow(hints: ReadonlyMap<string, number>): Promise<PassResult>;
  isManaged(path: string): boolean;
  /** When no entry is being worked on. */
  settled(): Promise<void>;
}

interface State extends DriftPassOptions {
  expected: ExpectedEtc | null;
  /** One entry at a time; hints get their turn between the entries of a sweep. */
  turn: LimitFunction;
  alarmed: Set<string>;
}

const entriesPerTurn = 32;

export function createDriftPass(options: DriftPassOptions): DriftPass {
  const state: State = { ...options, expected: null, turn: pLimit(1), alarmed: new Set() };
  return {
    sweep: (control) => sweep(state, control),
    follow: (hints) => follow(state, hints),
    isManaged: (path) => state.expected?.entries.has(path) === true,
    settled: () => state.turn(async () => {}),
  };
}

async function sweep(state: State, control: SweepControl): Promise<PassResult> {
  const toplevel = state.mode === "ignore" ? null : state.toplevel();
  if (toplevel === null) {
    state.expected = null;
    state.responder.noteSwept({ at: new Date().toISOString(), managed: 0, seen: new Set() });
    return "done";
  }
  if (state.isBusy()) return "deferred";
  if (isForeign(state, toplevel)) return "done";
  const loaded = await loadExpectedEtc({ toplevel, scope: state.scope, previous: state.expected });
  if (loaded.kind === "failed") {
    alarm(state, "expected-unreadable", `${toplevel}/etc cannot be read: ${loaded.errno}`);
    return "done";
  }
  const expected = loaded.value;
  for (const problem of expected.problems) alarm(state, "expected-unusable", problem);
  state.expected = expected;
  await control.onExpected(watchKey(state, expected));
  const seen = new Set<string>();
  if (!(await sweepEntries(state, expected, { seen, ...control }))) return "deferred";
  if (!(await sweepStale(state, expected, seen))) return "deferred";
  // The system may have changed while we walked: then this was a walk along the wrong list.
  if (!isCurrent(state, expected)) return "deferred";
  state.responder.noteSwept({ at: new Date().toISOString(), managed: expected.entries.size, seen });
  return "done";
}

/** Tells a system that somebody else activated; half of ours in its /etc would be neither. */
function isForeign(state: State, toplevel: string): boolean {
  const active = activeSystem(state);
  if (active === null || active === toplevel) return false;
  const item = foreignSystemItem(state.currentSystem, { expected: toplevel, found: active });
  state.expected = null;
  state.responder.tell(item);
  state.responder.noteSwept({ at: new Date().toISOString(), managed: 0, seen: new Set([item.path]) });
  return true;
}

/** `null` before the first activation of a boot: then nobody else's is active either. */
function activeSystem({ currentSystem }: State): string | null {
  const active = attempt(() => realpathSync(currentSystem));
  return active.kind === "done" ? active.value : null;
}

async function sweepEntries(
  state: State,
  expected: ExpectedEtc,
  { seen, isStopped }: { seen: Set<string>; isStopped: () => boolean },
): Promise<boolean> {
  let count = 0;
  for (const entry of expected.entries.values()) {
    if (isStopped()) return false;
    seen.add(etcPath(entry.path));
    const result = await state.turn(() => handleEntry(state, { expected, entry, since: performance.now() }));
    if (result === "abandoned") return false;
    count += 1;
    if (count % entriesPerTurn === 0) await setImmediate();
  }
  return true;
}

async function sweepStale(state: State, expected: ExpectedEtc, seen: Set<string>): Promise<boolean> {
  const { etcDir, scope, responder } = state;
  const { stale, unfinished } = await findLeftovers({ etcDir, entries: expected.entries, scope });
  // In a turn no revert is under way, so what bears such a name then is nobody's work.
  if (state.mode === "revert" && !state.isHeld())
    for (const path of unfinished)
      await state.turn(() => removeUnfinished(revertContext(state, expected), path));
  for (const { path, target } of stale) {
    const since = performance.now();
    const item = staleItem(path, { type: "symlink", target });
    seen.add(item.path);
    const revert = () => removeStale(revertContext(state, expected), path);
    const result = await state.turn(() => responder.respond({ item, since, revert }));
    if (result === "abandoned" && !isCurrent(state, expected)) return false;
  }
  return true;
}

async function follow(state: State, hints: ReadonlyMap<string, number>): Promise<PassResult> {
  const { expected } = state;
  if (expected === null || hints.has("") || !isCurrent(state, expected)) return "deferred";
  for (const [path, since] of hints)
    if (!(await followOne(state, { expected, path, since }))) return "deferred";
  return "done";
}

async function followOne(
  state: State,
  { expected, path, since }: { expected: ExpectedEtc; path: string; since: number },
): Promise<boolean> {
  const entries = new Set(entriesForHint(expected.entries, path));
  // A set may grow while it is walked: what a restored directory lacks comes after it.
  for (const entry of entries) {
    const result = await state.turn(() => handleEntry(state, { expected, entry, since }));
    if (result === "abandoned") return false;
    if (result !== "reverted" || entry.kind !== "directory") continue;
    for (const below of entriesBelow(expected.entries, entry.path)) entries.add(below);
    await setImmediate();
  }
  return true;
}

interface EntryTask {
  expected: ExpectedEtc;
  entry: ExpectedEntry;
  since: number;
}

async function handleEntry(
  state: State,
  { expected, entry, since }: EntryTask,
): Promise<Responded | "clean"> {
  const { responder, etcDir } = state;
  const path = etcPath(entry.path);
  const checked = await checkEntry(etcDir, entry);
  switch (checked.kind) {
    case "clean":
    case "covered":
      responder.noteClean(path);
      return "clean";
    case "unreadable":
      alarm(state, "entry-unreadable", `${path} cannot be read: ${checked.errno}`);
      return "open";
    case "drifted": {
      const { item, ids } = checked;
      const revert = () => revertEntry(revertContext(state, expected), entry, ids);
      return responder.respond({ item, since, revert });
    }
  }
}

function revertContext(state: State, expected: ExpectedEtc): RevertContext {
  return { etcDir: state.etcDir, evidence: state.evidence, isCurrent: () => isCurrent(state, expected) };
}

function isCurrent(state: State, expected: ExpectedEtc): boolean {
  if (state.isBusy() || state.toplevel() !== expected.toplevel) return false;
  const active = activeSystem(state);
  return active === null || active === expected.toplevel;
}

function watchKey({ etcDir }: State, { tree }: ExpectedEtc): string {
  const stats = lstatSync(etcDir, { throwIfNoEntry: false });
  return `${tree} ${stats?.dev ?? 0}:${stats?.ino ?? 0}`;
}

const rememberedAlarms = 256;

/** Told once until the agent starts again: a sweep a minute would repeat it for ever. */
function alarm(state: State, code: string, message: string): void {
  const shown = message.slice(0, 2048);
  if (state.alarmed.has(shown) || state.alarmed.size >= rememberedAlarms) return;
  state.alarmed.add(shown);
  state.onEvent({ type: "alarm", data: { code, message: shown } });
  state.log.error({ code, problem: shown }, "drift alarm raised");
}
