/** SHELL. The watch of /etc: made afresh when the closure's tree or /etc itself is another. */
import { etcPart, watchReplaced } from "../../../reconcile/drift/watch-loss.ts";
import { createKeptWatch, type KeptWatch, type KeptWatchOptions } from "./kept-watch.ts";
import { watchEtc, type EtcWatchOptions } from "./watch-etc.ts";

export type EtcWatcherOptions = Pick<EtcWatchOptions, "etcDir" | "isManaged" | "isDirectory" | "onHint"> &
  Pick<KeptWatchOptions, "meter" | "onLoss" | "onEvent" | "log">;

/** What a watch is made for: a closure's tree, and the directory that /etc was then. */
export interface WatchKey {
  tree: string;
  directory: string;
}

export interface EtcWatcher extends Pick<KeptWatch, "leave" | "isWatching" | "close"> {
  /** Watches afresh when `key` differs from the running watch's; resolves when the watch hears or failed. */
  renew(key: WatchKey): Promise<void>;
}

export function createEtcWatcher({
  meter,
  onLoss,
  onEvent,
  log,
  ...listening
}: EtcWatcherOptions): EtcWatcher {
  let key: WatchKey | null = null;
  const watch = createKeptWatch({
    listen: (handlers) => watchEtc({ ...listening, ...handlers }),
    part: etcPart,
    meter,
    onLoss,
    onEvent,
    log,
  });
  return {
    isWatching: () => watch.isWatching(),
    close: () => watch.close(),
    leave() {
      key = null;
      return watch.leave();
    },
    async renew(next) {
      const old = key;
      const isMoved = old !== null && old.directory !== next.directory;
      if (old !== null && !isMoved && old.tree === next.tree) return;
      // With another tree comes another directory where /etc is an overlay: a switch, and nobody's doing.
      if (isMoved && old.tree === next.tree) watch.tell(watchReplaced());
      key = next;
      await watch.restart();
    },
  };
}
