/** SHELL. Keeps one watch running, whatever it is of: each loss is told once, looked after at once, and the watch is made again. */
import type { NodeEventBody } from "@chimera/proto/event";
import { errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { watchFailure, type WatchedPart, type WatchLoss } from "../../../reconcile/drift/watch-loss.ts";
import type { BurstMeter } from "./burst-meter.ts";
import type { Listening, ListenOptions } from "./listen.ts";

export interface KeptWatchOptions {
  /** Begins to listen to what is to be listened to now. */
  listen: (handlers: Pick<ListenOptions, "onError" | "onRead">) => Listening;
  part: WatchedPart;
  meter: BurstMeter;
  /** Something may have gone unheard: everything is to be looked at; resolves when it was. */
  onLoss: () => Promise<void>;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface KeptWatch {
  /** Listens afresh; resolves when it hears or failed. */
  restart(): Promise<void>;
  /** There is nothing to listen to for now. */
  leave(): Promise<void>;
  /** `undefined` before the first watch. */
  isWatching(): boolean | undefined;
  /** In words for whoever must know that something was unheard. */
  tell(loss: WatchLoss): void;
  close(): Promise<void>;
}

const firstBackoffMs = 1000;
const longestBackoffMs = 60_000;

interface State extends KeptWatchOptions {
  watch: Listening | null;
  /** False while there is nothing to listen to. */
  isWanted: boolean;
  isWatching: boolean | undefined;
  startedAt: number;
  failures: number;
  retry: NodeJS.Timeout | null;
  closed: boolean;
}

export function createKeptWatch(options: KeptWatchOptions): KeptWatch {
  const state: State = {
    ...options,
    watch: null,
    isWanted: false,
    isWatching: undefined,
    startedAt: 0,
    failures: 0,
    retry: null,
    closed: false,
  };
  const forget = options.meter.onOverflow(() => void overflow(state));
  return {
    restart: () => restart(state),
    leave: () => leave(state),
    isWatching: () => state.isWatching,
    tell: (loss) => tell(state, loss),
    async close() {
      state.closed = true;
      forget();
      await leave(state);
    },
  };
}

function stopRetry(state: State): void {
  if (state.retry !== null) clearTimeout(state.retry);
  state.retry = null;
}

async function leave(state: State): Promise<void> {
  stopRetry(state);
  state.isWanted = false;
  if (state.isWatching !== undefined) state.isWatching = false;
  const { watch } = state;
  state.watch = null;
  await watch?.close();
}

async function restart(state: State): Promise<void> {
  if (state.closed) return;
  // What waits for its time was for another watch than this one.
  stopRetry(state);
  const old = state.watch;
  state.isWanted = true;
  state.startedAt = performance.now();
  const current = state.listen({
    onRead: () => state.meter.count(),
    onError: (error) => {
      if (state.watch === current) fail(state, error);
    },
  });
  state.watch = current;
  await old?.close();
  await current.settled;
  if (state.watch === current && state.retry === null) state.isWatching = true;
}

/** Watches run out (ENOSPC, EMFILE), for one: hints stop, everything is looked at at once, and somebody is told once. */
function fail(state: State, error: unknown): void {
  state.isWatching = false;
  if (state.closed || state.retry !== null || !state.isWanted) return;
  if (performance.now() - state.startedAt > longestBackoffMs) state.failures = 0;
  const backoffMs = Math.min(firstBackoffMs * 2 ** state.failures, longestBackoffMs);
  if (state.failures === 0)
    tell(state, watchFailure(state.part, { errno: errnoOf(error), detail: errorChain(error) }));
  state.failures += 1;
  state.log.warn({ error, backoffMs }, "watch failed");
  state.retry = setTimeout(() => {
    state.retry = null;
    void again(state);
  }, backoffMs);
  void state.onLoss();
}

/**
 * In a storm listening costs more than looking: nobody listens until everything was looked at. A directory that was made while
 * events got lost has no watch yet, so all of them are made afresh.
 */
async function overflow(state: State): Promise<void> {
  const { watch } = state;
  // Without a watch it is being made, or one waits for its time: either ends in a look.
  if (state.closed || watch === null || state.retry !== null) return;
  state.watch = null;
  state.isWatching = false;
  await watch.close();
  await state.onLoss();
  // The look may have made one already; or there is nothing to listen to.
  if (state.watch === null && state.isWanted) await again(state);
}

/** The look comes after the watch, so that what happens between them is heard or seen. */
async function again(state: State): Promise<void> {
  if (state.closed) return;
  await restart(state);
  if (!state.closed) await state.onLoss();
}

function tell(state: State, { code, message }: WatchLoss): void {
  state.onEvent({ type: "alarm", data: { code, message } });
  state.log.error({ code, problem: message }, "watch was lost");
}

function errnoOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
