/** SHELL. What looks at the store found: a difference counts at its second look, and what could not be looked at is told where that lasts. */
import type { Looked, Unknown } from "../../reconcile/store-drift/judge-path.ts";
import {
  createSightings,
  earliest,
  type DueLook,
  type SecondLook,
  type Sightings,
} from "../../reconcile/store-drift/second-look.ts";
import type { ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import {
  createUnknownPaths,
  type Persisting,
  type UnknownPaths,
} from "../../reconcile/store-drift/unknown-paths.ts";
import type { StoreRepair } from "./repair/store-repair.ts";

export interface StoreFindingsOptions {
  repair: StoreRepair;
  /** As they ship, but for tests. */
  waits?: SecondLook;
  lastsMs?: number;
  onAlarm: (code: string, message: string) => void;
  /** There is something to look at again. */
  onDue: () => void;
}

export interface StoreFindings {
  take(expected: ExpectedPath, looked: Looked): Promise<void>;
  /** Not of the closure any more. */
  drop(path: string): void;
  /** Another system: what was seen of the one before is no first look. */
  forgetAll(): void;
  /** What is to be looked at again now: second looks, and repairs that are tried again. */
  due(): DueLook[];
  /** What could not be looked at for a while, and still cannot, in words. */
  unread(): string[];
  /** Ms until the next one; null where none is to come. */
  nextMs(): number | null;
}

export function createStoreFindings(options: StoreFindingsOptions): StoreFindings {
  const { repair, waits, lastsMs, onDue } = options;
  const parts: Parts = {
    ...options,
    sightings: createSightings(waits),
    unknowns: createUnknownPaths(lastsMs),
    tell: createTeller(options.onAlarm),
  };
  const { sightings, unknowns } = parts;
  return {
    async take(expected, looked) {
      if (await isSettled(parts, expected, looked)) return;
      onDue();
    },
    drop(path) {
      unknowns.noteKnown(path);
      forget(parts, path);
    },
    forgetAll() {
      sightings.clear();
      unknowns.clear();
    },
    due() {
      const nowMs = performance.now();
      const tries = repair.due().map((path) => ({ path, isRead: true }));
      return [...tries, ...sightings.due(nowMs), ...unknowns.due(nowMs)];
    },
    unread: () => unknowns.persisting(performance.now()).map(unreadText),
    nextMs() {
      const times = [repair.nextMs(), sightings.nextMs(), unknowns.nextMs()].filter((ms) => ms !== null);
      const next = earliest(times);
      return next === null ? null : Math.max(0, next - performance.now());
    },
  };
}

interface Parts extends StoreFindingsOptions {
  sightings: Sightings;
  unknowns: UnknownPaths;
  tell: (found: readonly Persisting[]) => void;
}

/** False where it is to be looked at again. */
async function isSettled(parts: Parts, expected: ExpectedPath, looked: Looked): Promise<boolean> {
  const { sightings, unknowns, repair, tell } = parts;
  const { path } = expected;
  const nowMs = performance.now();
  if (looked.kind === "unknown") {
    unknowns.note(path, looked, nowMs);
    sightings.defer(path, nowMs);
    tell(unknowns.persisting(nowMs));
    return false;
  }
  unknowns.noteKnown(path);
  if (looked.kind === "clean") forget(parts, path);
  if (looked.kind === "unread") sightings.forget(path);
  if (looked.kind !== "drifted") return true;
  if (!sightings.sight(looked.item, nowMs)) return false;
  const isPutBack = await repair.onDrift(expected, looked.item);
  // What the other lane read of it meanwhile was read before: it counts for nothing.
  if (isPutBack) sightings.forget(path);
  return isPutBack;
}

function forget({ sightings, repair }: Parts, path: string): void {
  sightings.forget(path);
  repair.onClean(path);
}

/** One alarm for a reason, however many paths have it, until it was over. */
function createTeller(onAlarm: StoreFindingsOptions["onAlarm"]): (found: readonly Persisting[]) => void {
  let told = new Set<string>();
  return (found) => {
    for (const one of found) {
      if (told.has(one.reason)) continue;
      const message = `${unreadText(one)}. That says nothing of the bytes, and nothing is put back for it`;
      onAlarm("store-unreadable", message);
    }
    told = new Set(found.map(({ reason }) => reason));
  };
}

function unreadText({ reason, path, at }: Persisting): string {
  return `${path}, and maybe others, could not be looked at for a while: ${wordsOf(reason, at)}`;
}

function wordsOf(reason: Unknown["reason"], at: string): string {
  if (reason === "worker") return at;
  if (reason === "moving") return `something in it changes all the time, last ${at}`;
  return `the system answered ${reason} at ${at}`;
}
