/** SHELL. The fast hint beyond /etc: inotify on the few folders concerned. It may miss anything; the sweep is the truth. */
import { watch } from "chokidar";
import { dirname } from "node:path";
import { hintRaw } from "../drift/watch.ts";
import type { MachineSource, WatchedPlace } from "./machine-source.ts";

export interface MachineWatchOptions {
  sources: readonly MachineSource[];
  onHint: (source: MachineSource) => void;
  onError: (error: unknown) => void;
}

export interface MachineWatch {
  settled: Promise<void>;
  close(): Promise<void>;
}

export function watchMachine({ sources, onHint, onError }: MachineWatchOptions): MachineWatch {
  const places = sources.flatMap((source) => source.watched.map((place) => ({ place, source })));
  // A place that is not there yet is met by its folder.
  const folders = new Set(places.map(({ place }) => dirname(place.path)));
  const watcher = watch([...folders], {
    followSymlinks: false,
    atomic: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (path) => !folders.has(path) && !places.some(({ place }) => isPart(place, path)),
  });
  const hint = (path: string): void => {
    for (const source of new Set(places.flatMap((at) => (isPart(at.place, path) ? [at.source] : []))))
      onHint(source);
  };
  watcher.on("all", (_event, path) => hint(path));
  watcher.on("raw", (_event, name, details) => hintRaw(hint, name, details));
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  watcher.once("ready", settle);
  watcher.on("error", (error) => {
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

function isPart({ path, deep }: WatchedPlace, changed: string): boolean {
  return changed === path || (deep === true && changed.startsWith(`${path}/`));
}
