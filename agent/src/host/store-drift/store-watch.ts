/** SHELL. Listens to the few paths that everything hangs on; the walk is the truth, and covers all the others. */
import type { StorePath } from "@chimera/proto/names";
import { storePart } from "../../reconcile/drift/watch-loss.ts";
import { createKeptWatch, type KeptWatchOptions } from "../drift/watching/kept-watch.ts";
import { listen } from "../drift/watching/listen.ts";

export interface StoreWatchOptions extends Pick<KeptWatchOptions, "meter" | "onEvent" | "log"> {
  /** Before /nix/store; empty but in tests. */
  root: string;
  onHint: (path: StorePath) => void;
  /** It hears no more, or again: something may have gone unheard. */
  onLoss: () => void;
}

export interface StoreWatch {
  /** Other paths than before, if they are others. */
  renew(paths: readonly StorePath[]): Promise<void>;
  /** The same paths afresh: one was replaced, and the old one is heard no more. */
  refresh(): Promise<void>;
  has(path: StorePath): boolean;
  /** `undefined` before the first watch. */
  isWatching(): boolean | undefined;
  close(): Promise<void>;
}

export function createStoreWatch({ root, onHint, onLoss, ...rest }: StoreWatchOptions): StoreWatch {
  let current: readonly StorePath[] = [];
  let heard: boolean | undefined = true;
  const watch = createKeptWatch({
    ...rest,
    part: storePart,
    // A walk is dear: one that fails again and again is walked for once.
    onLoss: async () => {
      const hears = watch.isWatching();
      if (hears !== heard) onLoss();
      heard = hears;
    },
    listen: (handlers) =>
      listen({
        ...handlers,
        paths: current.map((path) => `${root}${path}`),
        onPath(absolute) {
          const path = current.find(
            (one) => absolute === `${root}${one}` || absolute.startsWith(`${root}${one}/`),
          );
          if (path !== undefined) onHint(path);
        },
      }),
  });
  const refresh = () => (current.length > 0 ? watch.restart() : watch.leave());
  return {
    async renew(paths) {
      if (paths.join("\n") === current.join("\n")) return;
      current = paths;
      await refresh();
    },
    refresh,
    has: (path) => current.includes(path),
    isWatching: () => watch.isWatching(),
    close: () => watch.close(),
  };
}
