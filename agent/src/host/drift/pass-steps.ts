/** SHELL. The steps of one look at /etc: mounts, entries and leftovers, each checked and put back in a turn of its own. */
import { setImmediate } from "node:timers/promises";
import { attributesItem } from "../../reconcile/drift/entry-attributes.ts";
import { coveredItem, staleItem } from "../../reconcile/drift/drift.ts";
import { etcPath, type ExpectedEntry, type OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { entriesBelow, entriesForHint } from "../../reconcile/drift/etc-hint.ts";
import { isBelow } from "../../reconcile/drift/mounts/covering-mounts.ts";
import { revertAttributes, revertStubborn } from "./attributes/revert-attributes.ts";
import type { AttributeGaps } from "./attributes/attribute-book.ts";
import { checkEntry } from "./check-entry.ts";
import type { DriftItem } from "@chimera/proto/drift";
import type { EtcMounts } from "../../reconcile/drift/mounts/covering-mounts.ts";
import type { Right } from "../../reconcile/drift/mounts/rightful-mounts.ts";
import type { Responded, Responder } from "./drift-response.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import { readFactsAt } from "./etc-facts.ts";
import { uncover } from "./mounts/uncover.ts";
import { noteRestored, refreshLeftover } from "./overlay/refresh.ts";
import { alarm, isCurrent, revertContext, type PassState } from "./pass-state.ts";
import { removeStale, removeUnfinished, revertEntry } from "./revert-entry.ts";
import { findLeftovers } from "./sweep.ts";

const entriesPerTurn = 32;

interface Sweeping {
  expected: ExpectedEtc;
  /** Absolute paths that were looked at. */
  seen: Set<string>;
  isStopped: () => boolean;
}

/** False when the look must be given up. */
type GoesOn = Promise<boolean>;

/** First of all: what is below a mount is not what the closure put there. */
export async function sweepMounts(state: PassState, { expected, seen }: Sweeping): GoesOn {
  const { etcDir, mounts, responder, mountMode } = state;
  if (mountMode === "ignore") return true;
  const { covered, rights } = mounts.look(expected);
  for (const path of covered) {
    const since = performance.now();
    const item = coveredItem(path, expected.entries.get(path), await readFactsAt(etcDir, path));
    seen.add(item.path);
    const right = rights.get(path);
    if (right !== undefined || mountMode === "report") {
      tellCovered(responder, item, right);
      continue;
    }
    const request = {
      path: path === "" ? etcDir : `${etcDir}/${path}`,
      isCurrent: () => isCurrent(state, expected),
      isCovered: () => isForeignAt(mounts.look(expected), path),
    };
    const revert = () => uncover(request);
    const result = await state.turn(() => responder.respond({ item, since, revert }));
    if (result === "abandoned" || !isCurrent(state, expected)) return false;
  }
  return true;
}

function tellCovered(responder: Responder, item: DriftItem, right: Right | undefined): void {
  const stance = responder.stanceOf(item.path);
  if (stance.kind === "ignore") responder.noteClean(item.path);
  else if (right === undefined) responder.tell(item, { why: "drift.classes.mounts is report" });
  else responder.tell(item, right);
}

/** Below what somebody put there may lie what is there by right: that stays. */
function isForeignAt({ covered, rights }: EtcMounts, path: string): boolean {
  return covered.includes(path) && !rights.has(path);
}

/** Looks which entries have some, and puts /etc itself right; the entries follow in their own turns. */
export async function sweepAttributes(state: PassState, { expected, seen }: Sweeping): GoesOn {
  const covered = new Set(state.mounts.look(expected).covered);
  const bearers = [...expected.entries.values()].filter(
    ({ kind, path }) => kind !== "link" && !isBelow(covered, path),
  );
  tellGaps(state, await state.attributes.refresh(["", ...bearers.map(({ path }) => path)]));
  seen.add("/etc");
  const entry = { kind: "directory", path: "" } as const;
  const task = { expected, entry, covered, since: performance.now() };
  return (await state.turn(() => handleAttributes(state, task, nobody))) !== "abandoned";
}

function tellGaps(state: PassState, { missing, leftOut }: AttributeGaps): void {
  for (const tool of missing) alarm(state, "attributes-unseen", `${tool} is not on this system: ${unseen}`);
  // Without the number, which would be another alarm with each system.
  if (leftOut > 0)
    alarm(state, "attributes-unseen", `so many files and directories are declared that ${some}`);
}

const some = "flags and extended attributes of some are only noticed where they hinder a revert";
const unseen = "flags and extended attributes of /etc are only noticed where they hinder a revert";
const nobody = { uid: undefined, gid: undefined };

export async function sweepEntries(state: PassState, { expected, seen, isStopped }: Sweeping): GoesOn {
  const covered = new Set(state.mounts.look(expected).covered);
  state.stamps.beginSweep();
  let count = 0;
  for (const entry of expected.entries.values()) {
    if (isStopped()) return false;
    seen.add(etcPath(entry.path));
    const task = { expected, entry, covered, since: performance.now() };
    const result = await state.turn(() => handleEntry(state, task));
    if (result === "abandoned") return false;
    count += 1;
    if (count % entriesPerTurn === 0) await setImmediate();
  }
  return true;
}

export async function sweepStale(state: PassState, { expected, seen }: Sweeping): GoesOn {
  const { etcDir, scope, responder } = state;
  const { stale, unfinished, isCut } = await findLeftovers({ etcDir, entries: expected.entries, scope });
  if (isCut) alarm(state, "names-left-out", leftOutText);
  // In a turn no revert is under way, so what bears such a name then is nobody's work.
  if (state.mode === "revert" && !state.isHeld())
    for (const path of unfinished)
      await state.turn(() => removeUnfinished(revertContext(state, expected), path));
  for (const link of stale) {
    const since = performance.now();
    const item = staleItem(link.path, { type: "symlink", target: link.target });
    seen.add(item.path);
    const context = revertContext(state, expected);
    const revert = () => revertStubborn(context, link.path, () => removeStale(context, link));
    const result = await state.turn(() => responder.respond({ item, since, revert }));
    if (result === "abandoned" && !isCurrent(state, expected)) return false;
  }
  return true;
}

const leftOutText =
  "/etc has more names than are looked at (100,000): stale links and leftovers of reverts among the others are not found";

export async function followHint(
  state: PassState,
  { expected, path, since }: { expected: ExpectedEtc; path: string; since: number },
): GoesOn {
  const covered = new Set(state.mounts.look(expected).covered);
  const entries = new Set(entriesForHint(expected.entries, path));
  // A set may grow while it is walked: what a restored directory lacks comes after it.
  for (const entry of entries) {
    const result = await state.turn(() => handleEntry(state, { expected, entry, covered, since }));
    if (result === "abandoned") return false;
    noteStale(state, { entry, result, since });
    if (result !== "reverted" || entry.kind !== "directory") continue;
    for (const below of entriesBelow(expected.entries, entry.path)) entries.add(below);
    await setImmediate();
  }
  return true;
}

/** What hints found to be as declared in all else, and changed: two tools are asked about all of them at once. */
export async function followAttributes(
  state: PassState,
  { expected, hints }: { expected: ExpectedEtc; hints: ReadonlyMap<string, number> },
): GoesOn {
  tellGaps(state, await state.attributes.renew(hints.keys()));
  const covered = new Set(state.mounts.look(expected).covered);
  for (const [path, since] of hints) {
    const entry = expected.entries.get(path);
    if (entry === undefined) continue;
    const result = await state.turn(() => handleEntry(state, { expected, entry, covered, since }));
    if (result === "abandoned") return false;
    noteStale(state, { entry, result, since });
  }
  return true;
}

/** Of a sweep's entries all were asked about; of those that a hint names nobody has asked yet. */
function noteStale(state: PassState, { entry, result, since }: Handled): void {
  if (result === "clean" && entry.kind !== "link" && state.attributes.isStale(entry.path))
    state.onStale(entry.path, since);
}

interface Handled {
  entry: ExpectedEntry;
  result: Responded | "clean";
  since: number;
}

interface EntryTask {
  expected: ExpectedEtc;
  entry: ExpectedEntry;
  covered: ReadonlySet<string>;
  since: number;
}

async function handleEntry(
  state: PassState,
  { expected, entry, covered, since }: EntryTask,
): Promise<Responded | "clean"> {
  const { responder, etcDir } = state;
  const path = etcPath(entry.path);
  // The mount is told; what can be seen there is not the entry.
  if (isBelow(covered, entry.path)) return "open";
  const checked = await checkEntry(etcDir, entry, state.stamps);
  switch (checked.kind) {
    case "clean":
      return handleAttributes(state, { expected, entry, covered, since }, checked.ids);
    case "covered":
      responder.noteClean(path);
      return "clean";
    case "unreadable":
      alarm(state, "entry-unreadable", `${path} cannot be read: ${checked.errno}`);
      return "open";
    case "drifted": {
      const { item, ids } = checked;
      const context = revertContext(state, expected);
      const revert = () => revertStubborn(context, entry.path, () => revertEntry(context, entry, ids));
      const found = { expected, entry, item };
      const refreshed = await refreshLeftover(state, found, revert);
      if (refreshed !== null) return refreshed;
      const result = await responder.respond({ item, since, revert });
      if (result === "reverted") noteRestored(state, found);
      return result;
    }
  }
}

/** Of an entry that is as declared in all else. */
async function handleAttributes(
  state: PassState,
  { expected, entry, since }: EntryTask,
  ids: OwnerIds,
): Promise<Responded | "clean"> {
  const attributes = state.attributes.of(entry.path);
  if (attributes.length === 0) {
    state.responder.noteClean(etcPath(entry.path));
    return "clean";
  }
  const revert = () => revertAttributes(revertContext(state, expected), { entry, ids, attributes });
  return state.responder.respond({ item: attributesItem(entry, attributes), since, revert });
}
