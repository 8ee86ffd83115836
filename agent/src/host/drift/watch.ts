/** SHELL. The fast hint: inotify on the managed directories of /etc. It may miss anything; the sweep is the truth. */
import { watch } from "chokidar";
import { basename, join, relative } from "node:path";
import type { Burst } from "../../reconcile/drift/watch-loss.ts";
import { createBurstMeter } from "./burst-meter.ts";

export interface EtcWatchOptions {
  etcDir: string;
  /** By path below /etc: an entry, or a directory that leads to one. */
  isManaged: (path: string) => boolean;
  /** Whether it is declared as a directory: only these are watched, so that neither ten thousand entries nor a pile of foreign files cost anything. */
  isDirectory: (path: string) => boolean;
  /** Something may have happened to this managed path. */
  onHint: (path: string) => void;
  onError: (error: unknown) => void;
  /** So much came at once that the kernel may have dropped some. */
  onOverflow: (burst: Burst) => void;
}

export interface EtcWatch {
  /** It hears, or will never: after an error or close too. */
  settled: Promise<void>;
  close(): Promise<void>;
}

export function watchEtc(options: EtcWatchOptions): EtcWatch {
  const pathOf = (absolute: string): string => relative(options.etcDir, absolute);
  const watcher = watch(options.etcDir, {
    followSymlinks: false,
    atomic: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (absolute) => {
      const path = pathOf(absolute);
      return path !== "" && !options.isDirectory(path);
    },
  });
  const hint = (absolute: string): void => {
    const path = pathOf(absolute);
    if (path === "" || options.isManaged(path)) options.onHint(path);
  };
  watcher.on("all", (_event, absolute) => hint(absolute));
  // chokidar has no event for a chmod of a file that is newer than the watch, and these come earlier anyway.
  const meter = createBurstMeter(options.onOverflow);
  watcher.on("raw", (_event, name, details) => {
    meter.count();
    hintRaw(hint, name, details);
  });
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  watcher.once("ready", settle);
  watcher.on("error", (error) => {
    // chokidar looks at a name twice, and it became something else between: that is news of the name, not of the watch.
    const path = changedMeanwhile(error);
    if (path !== null) return hint(path);
    settle();
    options.onError(error);
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
export function hintRaw(hint: (absolute: string) => void, name: string | null, details: unknown): void {
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
