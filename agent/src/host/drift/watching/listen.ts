/** SHELL. The fast hint: inotify by chokidar, on directories. It may miss anything; sweeps and walks are the truth. */
import { watch } from "chokidar";
import { basename, join } from "node:path";

export interface ListenOptions {
  paths: readonly string[];
  /** Neither watched nor entered. */
  ignored?: (path: string) => boolean;
  /** Something may have happened to this path. */
  onPath: (path: string) => void;
  onError: (error: unknown) => void;
  /** For each event that was read. */
  onRead: () => void;
}

export interface Listening {
  /** It hears, or will never: after an error or close too. */
  settled: Promise<void>;
  close(): Promise<void>;
}

export function listen({ paths, ignored, onPath, onError, onRead }: ListenOptions): Listening {
  const watcher = watch([...paths], {
    followSymlinks: false,
    atomic: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ...(ignored === undefined ? {} : { ignored }),
  });
  watcher.on("all", (_event, path) => onPath(path));
  // chokidar has no event for a chmod of a file that is newer than the watch, and these come earlier anyway.
  watcher.on("raw", (_event, name, details) => {
    onRead();
    hintRaw(onPath, name, details);
  });
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  watcher.once("ready", settle);
  watcher.on("error", (error) => {
    // chokidar looks at a name twice, and it became something else between: that is news of the name, not of the watch.
    const path = changedMeanwhile(error);
    if (path !== null) return onPath(path);
    settle();
    onError(error);
  });
  return {
    settled,
    close() {
      settle();
      return watcher.close();
    },
  };
}

/** On Linux chokidar watches directories only: the name is one in the watched directory. */
function hintRaw(hint: (path: string) => void, name: string | null, details: unknown): void {
  if (typeof details !== "object" || details === null || !("watchedPath" in details)) return;
  if (typeof details.watchedPath !== "string") return;
  hint(name === null ? details.watchedPath : join(details.watchedPath, name));
  // So the directory's own removal or renaming is called too.
  if (name === basename(details.watchedPath)) hint(details.watchedPath);
}

const looks = new Set(["readlink", "lstat", "stat", "scandir", "opendir"]);
const changes = new Set(["EINVAL", "ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

function changedMeanwhile(error: unknown): string | null {
  if (!(error instanceof Error && "syscall" in error && "code" in error && "path" in error)) return null;
  if (typeof error.syscall !== "string" || !looks.has(error.syscall)) return null;
  if (typeof error.code !== "string" || !changes.has(error.code)) return null;
  return typeof error.path === "string" ? error.path : null;
}
