/** SHELL. Listens to the managed directories of /etc. */
import { join, relative } from "node:path";
import type { Listening, ListenOptions } from "./listen.ts";
import { listenFolders } from "./listen-folders.ts";

export interface EtcWatchOptions extends Pick<ListenOptions, "onError" | "onRead"> {
  etcDir: string;
  /** By path below /etc: an entry, or a directory that leads to one. */
  isManaged: (path: string) => boolean;
  /** Declared as directories, below /etc: only these are watched, so that neither ten thousand entries nor a pile of foreign files cost anything. */
  directories: () => readonly string[];
  /** Something may have happened to this managed path. */
  onHint: (path: string) => void;
}

export function watchEtc({ etcDir, isManaged, directories, onHint, ...rest }: EtcWatchOptions): Listening {
  const pathOf = (absolute: string): string => relative(etcDir, absolute);
  return listenFolders({
    ...rest,
    folders: () => [etcDir, ...directories().map((path) => join(etcDir, path))],
    onPath: (absolute) => {
      const path = pathOf(absolute);
      if (path === "" || isManaged(path)) onHint(path);
    },
  });
}
