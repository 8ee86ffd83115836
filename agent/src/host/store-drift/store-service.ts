/** SHELL. Keeps the store paths of the active system as the signed list says: missing ones at once, all names often, all bytes in a round. */
import type { DriftSummary, StoreDrift } from "@chimera/proto/drift";
import { verifiedBytes } from "../../reconcile/store-drift/scrub-book.ts";
import { attemptAsync } from "../errno-outcome.ts";
import { clearLeftovers } from "./repair/repair-path.ts";
import { createLanes } from "./lanes.ts";
import { createStoreHand } from "./store-hand.ts";
import { openStoreState, type StoreDriftOptions, type StoreState } from "./store-state.ts";
import { stepStore } from "./store-step.ts";
import { stepUrgent } from "./store-urgent.ts";

export interface StoreDriftService {
  /** Null where nothing is compared. */
  summary(): StoreSummary | null;
  /** Why not, then. */
  unseen(): string;
  /** Repairs again what was fought over; false where nobody fought. */
  resume(path: string): boolean;
  stop(): Promise<void>;
}

interface StoreSummary extends Pick<DriftSummary, "fought" | "watching" | "unseen"> {
  store: StoreDrift;
  open: DriftSummary["open"];
  openCount: number;
  reverted: number;
}

export function startStoreDrift(options: StoreDriftOptions): StoreDriftService {
  const { root = "", program, isPaced = true } = options;
  const hand = createStoreHand(program, { root, uid: process.geteuid?.() ?? 0, isPaced });
  const lanes = createLanes();
  const state = openStoreState(options, hand, () => lanes.wake());
  const lane = async (step: (state: StoreState) => Promise<number>): Promise<void> => {
    while (!state.isStopped) await lanes.run(() => step(state));
  };
  const work = async (): Promise<void> => {
    await attemptAsync(() => clearLeftovers(options.stateDir));
    await Promise.all([lane(stepStore), lane(stepUrgent)]);
  };
  const ended = work();
  return {
    summary: createSummary(state),
    unseen: () => unseenText(state),
    resume: (path) => state.responder.resume(path),
    async stop() {
      state.isStopped = true;
      lanes.wake();
      await Promise.all([state.watch.close(), hand.stop()]);
      await ended;
      state.file.save();
    },
  };
}

function unseenText({ mode, unlisted }: StoreState): string {
  if (mode === "ignore") return "the store: drift.store.mode is ignore";
  if (unlisted === null) return "the store: no system of ours is active, or its list is still being read";
  return `the store: the signed closure list of ${unlisted} is not on this node`;
}

const shownWords = 512;

/** A status is asked for much more often than reading gets on. */
const freshMs = 5_000;

function createSummary(state: StoreState): () => StoreSummary | null {
  let counted = { closure: state.closure, atMs: -Infinity, bytes: 0 };
  return () => {
    const { closure, file, responder, lastWalkAt } = state;
    if (closure === null) return null;
    const atMs = performance.now();
    if (counted.closure !== closure || atMs - counted.atMs > freshMs)
      counted = { closure, atMs, bytes: verifiedBytes(file.book, closure.paths, Date.now()) };
    const { roundEndedAt } = file.book;
    const store = {
      lastWalkAt,
      lastRoundAt: roundEndedAt === null ? null : new Date(roundEndedAt).toISOString(),
      paths: closure.paths.length,
      verifiedBytes: counted.bytes,
      totalBytes: closure.totalBytes,
    };
    const { open, openCount, reverted, fought = [] } = responder.summary();
    const watching = state.watch.isWatching() !== false;
    const unread = state.findings.unread().map((text) => text.slice(0, shownWords));
    const unseen = unread.length === 0 ? {} : { unseen: unread };
    return { store, open, openCount, reverted, fought, watching, ...unseen };
  };
}
