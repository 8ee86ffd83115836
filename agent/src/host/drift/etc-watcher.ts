/** SHELL. Keeps one watch running: renewed when the tree or /etc itself is another, restarted with backoff on errors. */
import type { NodeEventBody } from "@chimera/proto/event";
import { errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { watchEtc, type EtcWatch, type EtcWatchOptions } from "./watch.ts";

export interface EtcWatcherOptions extends Pick<EtcWatchOptions, "etcDir" | "isManaged" | "onHint"> {
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface EtcWatcher {
  /** Watches afresh when `key` differs from the running watch's; resolves when the watch hears or failed. */
  renew(key: string): Promise<void>;
  close(): Promise<void>;
}

const firstBackoffMs = 1000;
const longestBackoffMs = 60_000;

interface State extends EtcWatcherOptions {
  watch: EtcWatch | null;
  key: string;
  startedAt: number;
  failures: number;
  retry: NodeJS.Timeout | null;
  closed: boolean;
}

export function createEtcWatcher(options: EtcWatcherOptions): EtcWatcher {
  const state: State = {
    ...options,
    watch: null,
    key: "",
    startedAt: 0,
    failures: 0,
    retry: null,
    closed: false,
  };
  return {
    async renew(key) {
      if (state.closed || state.key === key || state.retry !== null) return;
      await restart(state, key);
    },
    async close() {
      state.closed = true;
      if (state.retry !== null) clearTimeout(state.retry);
      await state.watch?.close();
    },
  };
}

async function restart(state: State, key: string): Promise<void> {
  const old = state.watch;
  state.key = key;
  state.startedAt = performance.now();
  const current = watchEtc({
    etcDir: state.etcDir,
    isManaged: state.isManaged,
    onHint: state.onHint,
    onError: (error) => {
      if (state.watch === current) fail(state, error);
    },
  });
  state.watch = current;
  await old?.close();
  await current.settled;
}

/** ENOSPC (no inotify watches left) comes here: hints stop, the sweep goes on, and somebody is told once. */
function fail(state: State, error: unknown): void {
  if (state.closed || state.retry !== null) return;
  if (performance.now() - state.startedAt > longestBackoffMs) state.failures = 0;
  const backoffMs = Math.min(firstBackoffMs * 2 ** state.failures, longestBackoffMs);
  if (state.failures === 0) {
    const message = `changes of /etc are only found by the sweep: ${errorChain(error)}`.slice(0, 2048);
    state.onEvent({ type: "alarm", data: { code: "watch-failed", message } });
  }
  state.failures += 1;
  state.log.warn({ error, backoffMs }, "watch failed");
  state.retry = setTimeout(() => {
    state.retry = null;
    void restart(state, state.key);
  }, backoffMs);
}
