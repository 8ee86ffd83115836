/** SHELL. Keeps one watch running: renewed when the tree or /etc itself is another; each loss is told, and ends in a sweep. */
import type { NodeEventBody } from "@chimera/proto/event";
import { errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import {
  watchFailure,
  watchOverflow,
  watchReplaced,
  type Burst,
  type WatchLoss,
} from "../../reconcile/drift/watch-loss.ts";
import { watchEtc, type EtcWatch, type EtcWatchOptions } from "./watch.ts";

export interface EtcWatcherOptions extends Pick<
  EtcWatchOptions,
  "etcDir" | "isManaged" | "isDirectory" | "onHint"
> {
  onEvent: (body: NodeEventBody) => void;
  /** Something may have gone unheard: everything is to be looked at; resolves when it was. */
  onLoss: () => Promise<void>;
  log: Log;
}

/** What a watch is made for: a closure's tree, and the directory that /etc was then. */
export interface WatchKey {
  tree: string;
  directory: string;
}

export interface EtcWatcher {
  /** Watches afresh when `key` differs from the running watch's; resolves when the watch hears or failed. */
  renew(key: WatchKey): Promise<void>;
  /** There is nothing to listen to for now. */
  leave(): Promise<void>;
  /** `undefined` before the first watch. */
  isWatching(): boolean | undefined;
  close(): Promise<void>;
}

const firstBackoffMs = 1000;
const longestBackoffMs = 60_000;
/** A storm may overflow the queue again and again. */
const overflowToldMs = 60_000;

interface State extends EtcWatcherOptions {
  watch: EtcWatch | null;
  key: WatchKey | null;
  isWatching: boolean | undefined;
  startedAt: number;
  failures: number;
  overflowAt: number;
  retry: NodeJS.Timeout | null;
  closed: boolean;
}

export function createEtcWatcher(options: EtcWatcherOptions): EtcWatcher {
  const state: State = {
    ...options,
    watch: null,
    key: null,
    isWatching: undefined,
    startedAt: 0,
    failures: 0,
    overflowAt: -Infinity,
    retry: null,
    closed: false,
  };
  return {
    renew: (key) => renew(state, key),
    leave: () => leave(state),
    isWatching: () => state.isWatching,
    async close() {
      state.closed = true;
      await leave(state);
    },
  };
}

async function renew(state: State, key: WatchKey): Promise<void> {
  const old = state.key;
  const isMoved = old !== null && old.directory !== key.directory;
  if (state.closed || (old !== null && !isMoved && old.tree === key.tree)) return;
  // With another tree comes another directory where /etc is an overlay: a switch, and nobody's doing.
  if (isMoved && old.tree === key.tree) tell(state, watchReplaced());
  // What waits for its time was for a directory or a tree that is no more.
  if (state.retry !== null) clearTimeout(state.retry);
  state.retry = null;
  await restart(state, key);
}

async function leave(state: State): Promise<void> {
  if (state.retry !== null) clearTimeout(state.retry);
  state.retry = null;
  state.key = null;
  if (state.isWatching !== undefined) state.isWatching = false;
  const { watch } = state;
  state.watch = null;
  await watch?.close();
}

async function restart(state: State, key: WatchKey): Promise<void> {
  const old = state.watch;
  state.key = key;
  state.startedAt = performance.now();
  const current = watchEtc({
    etcDir: state.etcDir,
    isManaged: state.isManaged,
    isDirectory: state.isDirectory,
    onHint: state.onHint,
    onError: (error) => {
      if (state.watch === current) fail(state, error);
    },
    onOverflow: (burst) => {
      if (state.watch === current) void overflow(state, burst);
    },
  });
  state.watch = current;
  await old?.close();
  await current.settled;
  if (state.watch === current && state.retry === null) state.isWatching = true;
}

/** Watches run out (ENOSPC, EMFILE), for one: hints stop, the sweep takes over at once, and somebody is told once. */
function fail(state: State, error: unknown): void {
  const { key } = state;
  state.isWatching = false;
  if (state.closed || state.retry !== null || key === null) return;
  if (performance.now() - state.startedAt > longestBackoffMs) state.failures = 0;
  const backoffMs = Math.min(firstBackoffMs * 2 ** state.failures, longestBackoffMs);
  if (state.failures === 0) tell(state, watchFailure(errnoOf(error), errorChain(error)));
  state.failures += 1;
  state.log.warn({ error, backoffMs }, "watch failed");
  state.retry = setTimeout(() => {
    state.retry = null;
    void again(state, key);
  }, backoffMs);
  void state.onLoss();
}

/**
 * In a storm listening costs more than looking: nobody listens until a sweep has seen everything. A directory that was made while
 * events got lost has no watch yet, so all of them are made afresh.
 */
async function overflow(state: State, burst: Burst): Promise<void> {
  if (state.closed) return;
  if (performance.now() - state.overflowAt > overflowToldMs) tell(state, watchOverflow(burst));
  state.overflowAt = performance.now();
  const { watch } = state;
  state.watch = null;
  state.isWatching = false;
  await watch?.close();
  await state.onLoss();
  // The sweep may have found another tree, and watches that already; or nothing to listen to.
  if (state.watch === null && state.key !== null) await again(state, state.key);
}

/** The sweep comes after the watch, so that what happens between them is heard or seen. */
async function again(state: State, key: WatchKey): Promise<void> {
  if (state.closed) return;
  await restart(state, key);
  if (!state.closed) await state.onLoss();
}

function tell(state: State, { code, message }: WatchLoss): void {
  state.onEvent({ type: "alarm", data: { code, message } });
  state.log.error({ code, problem: message }, "watch was lost");
}

function errnoOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
