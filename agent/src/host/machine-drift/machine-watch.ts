/** SHELL. Listens to the few folders beyond /etc that matter. */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { attempt } from "../errno-outcome.ts";
import { listen, type Listening, type ListenOptions } from "../drift/watching/listen.ts";
import type { MachineSource, WatchedPlace } from "./machine-source.ts";

export interface MachineWatchOptions extends Pick<ListenOptions, "onError" | "onRead"> {
  sources: readonly MachineSource[];
  onHint: (source: MachineSource) => void;
}

/** Another one: something else is mounted at a place than when it was listened to, and nobody hears of what is below. */
export function placesMark(sources: readonly MachineSource[]): string {
  const paths = sources.flatMap(({ watched }) => watched.flatMap(({ path }) => [dirname(path), path]));
  return [...new Set(paths)].map((path) => `${path} ${folderMark(path)}`).join("\n");
}

function folderMark(path: string): string {
  const stats = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  if (stats.kind === "failed" || stats.value?.isDirectory() !== true) return "";
  return `${stats.value.dev}:${stats.value.ino}`;
}

export function watchMachine({ sources, onHint, ...rest }: MachineWatchOptions): Listening {
  const places = sources.flatMap((source) => source.watched.map((place) => ({ place, source })));
  // A place that is not there yet is met by its folder.
  const folders = new Set(places.map(({ place }) => dirname(place.path)));
  return listen({
    ...rest,
    paths: [...folders],
    ignored: (path) => !folders.has(path) && !places.some(({ place }) => isPart(place, path)),
    onPath(path) {
      for (const source of new Set(places.flatMap((at) => (isPart(at.place, path) ? [at.source] : []))))
        onHint(source);
    },
  });
}

function isPart({ path, deep }: WatchedPlace, changed: string): boolean {
  return changed === path || (deep === true && changed.startsWith(`${path}/`));
}
