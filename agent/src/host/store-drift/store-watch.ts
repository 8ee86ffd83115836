/** SHELL. The fast hint for the few paths that everything hangs on; the walk is the truth, and covers all the others. */
import { watch, type FSWatcher } from "chokidar";
import { join } from "node:path";
import type { StorePath } from "@chimera/proto/names";

export interface StoreWatchOptions {
  /** Before /nix/store; empty but in tests. */
  root: string;
  onHint: (path: StorePath) => void;
  onError: (error: unknown) => void;
}

export interface StoreWatch {
  /** Other paths than before, if they are others. */
  renew(paths: readonly StorePath[]): Promise<void>;
  /** The same paths afresh: one was replaced, and the old one is heard no more. */
  refresh(): Promise<void>;
  has(path: StorePath): boolean;
  close(): Promise<void>;
}

export function createStoreWatch({ root, onHint, onError }: StoreWatchOptions): StoreWatch {
  let current: readonly StorePath[] = [];
  let watcher: FSWatcher | null = null;
  const close = async () => {
    const old = watcher;
    watcher = null;
    await old?.close();
  };
  const refresh = async () => {
    await close();
    if (current.length > 0) watcher = watchPaths(root, current, { onHint, onError });
  };
  return {
    async renew(paths) {
      if (paths.join("\n") === current.join("\n")) return;
      current = paths;
      await refresh();
    },
    refresh,
    has: (path) => current.includes(path),
    close,
  };
}

function watchPaths(
  root: string,
  paths: readonly StorePath[],
  { onHint, onError }: Pick<StoreWatchOptions, "onHint" | "onError">,
): FSWatcher {
  const options = { followSymlinks: false, atomic: false, ignoreInitial: true, ignorePermissionErrors: true };
  const watcher = watch(
    paths.map((path) => `${root}${path}`),
    options,
  );
  const hint = (absolute: string): void => {
    const path = paths.find((one) => absolute === `${root}${one}` || absolute.startsWith(`${root}${one}/`));
    if (path !== undefined) onHint(path);
  };
  watcher.on("all", (_event, absolute) => hint(absolute));
  // chokidar has no event for a chmod of a file that is newer than the watch.
  watcher.on("raw", (_event, name, details: unknown) => {
    if (typeof details !== "object" || details === null || !("watchedPath" in details)) return;
    const { watchedPath } = details;
    if (typeof watchedPath === "string") hint(name === null ? watchedPath : join(watchedPath, name));
  });
  watcher.on("error", onError);
  return watcher;
}
