/** SHELL. The entries of one look at /etc, each checked and put back in a turn in which nobody else works on one. */
import { setImmediate } from "node:timers/promises";
import { attributesItem } from "../../reconcile/drift/entry-attributes.ts";
import { etcPath, type ExpectedEntry, type OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { entriesBelow, entriesForHint } from "../../reconcile/drift/etc-hint.ts";
import { isBelow } from "../../reconcile/drift/mounts/covering-mounts.ts";
import { revertAttributes, revertStubborn } from "./attributes/revert-attributes.ts";
import type { AttributeGaps } from "./attributes/attribute-book.ts";
import { checkNext } from "./check-entry.ts";
import type { Responded } from "./drift-response.ts";
import { walkDirectories, type DirectoryWalk } from "./etc-directory.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import { noteRestored, refreshLeftover } from "./overlay/refresh.ts";
import { alarm, revertContext, type GoesOn, type PassState, type Sweeping } from "./pass-state.ts";
import { revertEntry } from "./revert-entry.ts";

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
  return (await state.turn(() => handleOne(state, task))) !== "abandoned";
}

function tellGaps(state: PassState, { missing, leftOut, unanswered }: AttributeGaps): void {
  for (const tool of missing) state.missingTools.add(tool);
  for (const tool of state.missingTools)
    alarm(state, "attributes-unseen", `${tool} is not on this system: ${unseen}`);
  // Without the number, which would be another alarm with each system.
  if (leftOut > 0)
    alarm(state, "attributes-unseen", `so many files and directories are declared that ${unseenOfSome}`);
  const [silent] = unanswered;
  if (silent !== undefined) alarm(state, "attributes-unseen", silentText(silent));
}

/** Of one, since each other list of them would be another alarm. */
function silentText(path: string): string {
  return `lsattr or getfattr says nothing of ${etcPath(path)}, in three looks in a row (it fails, takes too long or says too much): ${unseenOfSome}`;
}

const unseenOfSome = "flags and extended attributes of some are only noticed where they hinder a revert";
const unseen = "flags and extended attributes of /etc are only noticed where they hinder a revert";

const entriesPerTurn = 32;
const turnMs = 5;

export async function sweepEntries(state: PassState, { expected, seen, isStopped }: Sweeping): GoesOn {
  const covered = new Set(state.mounts.look(expected).covered);
  state.stamps.beginSweep();
  const entries = [...expected.entries.values()];
  let next = 0;
  while (next < entries.length) {
    if (isStopped()) return false;
    const some = entries.slice(next, next + entriesPerTurn);
    const done = await state.turn(() => handleSome(state, { expected, covered, entries: some }));
    for (const { path } of some.slice(0, done.count)) seen.add(etcPath(path));
    if (done.isAbandoned) return false;
    next += done.count;
    await setImmediate();
  }
  return true;
}

interface SomeEntries {
  expected: ExpectedEtc;
  covered: ReadonlySet<string>;
  entries: readonly ExpectedEntry[];
}

/** One turn for many that are right: when something was put back, or it took long, hints get theirs. */
async function handleSome(
  state: PassState,
  { expected, covered, entries }: SomeEntries,
): Promise<{ count: number; isAbandoned: boolean }> {
  using walk = walkDirectories(state.etcDir);
  const begun = performance.now();
  for (const [i, entry] of entries.entries()) {
    const since = performance.now();
    if (since - begun > turnMs) return { count: i, isAbandoned: false };
    const result = await handleEntry(state, { expected, entry, covered, since }, walk);
    const goesOn = result === "clean" || result === "open";
    if (!goesOn) return { count: i + 1, isAbandoned: result === "abandoned" };
  }
  return { count: entries.length, isAbandoned: false };
}

export async function followHint(
  state: PassState,
  { expected, path, since }: { expected: ExpectedEtc; path: string; since: number },
): GoesOn {
  const covered = new Set(state.mounts.look(expected).covered);
  const entries = new Set(entriesForHint(expected.entries, path));
  // A set may grow while it is walked: what a restored directory lacks comes after it.
  for (const entry of entries) {
    const result = await state.turn(() => handleOne(state, { expected, entry, covered, since }));
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
    const result = await state.turn(() => handleOne(state, { expected, entry, covered, since }));
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

/** A look of its own. */
async function handleOne(state: PassState, task: EntryTask): Promise<Responded | "clean"> {
  using walk = walkDirectories(state.etcDir);
  return await handleEntry(state, task, walk);
}

async function handleEntry(
  state: PassState,
  { expected, entry, covered, since }: EntryTask,
  walk: DirectoryWalk,
): Promise<Responded | "clean"> {
  const { responder, etcDir } = state;
  const path = etcPath(entry.path);
  // The mount is told; what can be seen there is not the entry.
  if (isBelow(covered, entry.path)) return "open";
  const checked = await checkNext({ etcDir, walk, stamps: state.stamps }, entry);
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
      if (isMountedFolder(state, expected, entry) && item.kind !== "parent") {
        responder.noteClean(path);
        return "clean";
      }
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

/** Who mounts a folder by right says whose it is. /etc itself is ours also where it is an overlay. */
function isMountedFolder(state: PassState, expected: ExpectedEtc, { kind, path }: ExpectedEntry): boolean {
  if (kind !== "directory" || (path === "" && expected.layout.kind === "overlay")) return false;
  return state.mounts.look(expected).points.has(path);
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
