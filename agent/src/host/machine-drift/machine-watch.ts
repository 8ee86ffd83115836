/** SHELL. Listens to the few folders beyond /etc that matter. */
import { dirname } from "node:path";
import { listen, type Listening, type ListenOptions } from "../drift/watching/listen.ts";
import type { MachineSource, WatchedPlace } from "./machine-source.ts";

export interface MachineWatchOptions extends Pick<ListenOptions, "onError" | "onRead"> {
  sources: readonly MachineSource[];
  onHint: (source: MachineSource) => void;
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
