/** SHELL. The watch of /etc: made afresh when the closure's tree or /etc itself is another. */
import { join } from "node:path";
import { etcPart, watchForgotten, watchReplaced } from "../../../reconcile/drift/watch-loss.ts";
import { readMounts } from "../mounts/read-mounts.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import { createKeptWatch, type KeptWatch, type KeptWatchOptions } from "./kept-watch.ts";
import { watchEtc, type EtcWatchOptions } from "./watch-etc.ts";

export type EtcWatcherOptions = Pick<EtcWatchOptions, "etcDir" | "isManaged" | "isDirectory" | "onHint"> &
  Pick<KeptWatchOptions, "meter" | "onLoss" | "onEvent" | "log"> & {
    /** Paths below /etc of what is declared as a directory. */
    directories: () => readonly string[];
  };

/** What a watch is made for: a closure's tree, and the directory that /etc was then. */
export interface WatchKey {
  tree: string;
  directory: string;
}

export interface EtcWatcher extends Pick<KeptWatch, "leave" | "isWatching" | "close"> {
  /** Watches afresh when `key` differs from the running watch's; resolves when the watch hears or failed. */
  renew(key: WatchKey): Promise<void>;
}

/** After the last sign that a directory came, went or changed. */
const checkMs = 300;
/** Listening anew, and the look after it, cost more than a forgotten directory does for so long. */
const renewEveryMs = 5_000;
const tellEveryMs = 3_600_000;

interface State {
  options: EtcWatcherOptions;
  key: WatchKey | null;
  watch: KeptWatch;
  hearing: Hearing;
  check: NodeJS.Timeout | null;
  renewedMs: number;
  toldMs: number;
}

export function createEtcWatcher(options: EtcWatcherOptions): EtcWatcher {
  const { meter, onLoss, onEvent, log, directories, ...listening } = options;
  const onHint = (path: string): void => {
    if (listening.isDirectory(path)) checkSoon(state);
    listening.onHint(path);
  };
  const watch = createKeptWatch({
    listen: (handlers) => watchEtc({ ...listening, onHint, ...handlers }),
    part: etcPart,
    meter,
    onLoss,
    onEvent,
    log,
  });
  const hearing = createHearing(() => directories().map((path) => join(options.etcDir, path)));
  const never = Number.NEGATIVE_INFINITY;
  const state: State = { options, key: null, watch, hearing, check: null, renewedMs: never, toldMs: never };
  return {
    isWatching: () => watch.isWatching(),
    close() {
      if (state.check !== null) clearTimeout(state.check);
      return watch.close();
    },
    leave() {
      state.key = null;
      return watch.leave();
    },
    renew: (next) => renew(state, next),
  };
}

async function renew(state: State, next: WatchKey): Promise<void> {
  const { key: old, watch } = state;
  const isMoved = old !== null && old.directory !== next.directory;
  // This is part of a look already.
  if (old !== null && !isMoved && old.tree === next.tree) return void (await listenAgain(state));
  // With another tree comes another directory where /etc is an overlay: a switch, and nobody's doing.
  if (isMoved && old.tree === next.tree) watch.tell(watchReplaced());
  state.key = next;
  await restart(state);
}

async function restart({ watch, hearing }: State): Promise<void> {
  await watch.restart();
  hearing.begin();
}

function checkSoon(state: State): void {
  if (state.check !== null) return;
  const waitMs = Math.max(checkMs, state.renewedMs + renewEveryMs - performance.now());
  state.check = setTimeout(() => {
    state.check = null;
    void listenAgain(state).then((path) => (path === null ? undefined : state.options.onLoss()));
  }, waitMs).unref();
}

/** Where one is not heard any more; its path, else null. */
async function listenAgain(state: State): Promise<string | null> {
  if (state.watch.isWatching() !== true) return null;
  const path = state.hearing.unheard();
  if (path === null) return null;
  const nowMs = performance.now();
  state.renewedMs = nowMs;
  state.options.log.info({ path }, "a directory was not listened to any more: all of them are, anew");
  if (!isMounted(state.options.etcDir, path) && nowMs - state.toldMs > tellEveryMs) {
    state.toldMs = nowMs;
    state.watch.tell(watchForgotten(path));
  }
  await restart(state);
  return path;
}

/** No event tells of a mount, which is told by itself where it is nobody's right. */
function isMounted(etcDir: string, path: string): boolean {
  const isOver = (target: string): boolean =>
    target.startsWith(`${etcDir}/`) && `${path}/`.startsWith(`${target}/`);
  return readMounts().some(({ target }) => isOver(target));
}
