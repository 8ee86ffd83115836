/** SHELL. Listens to the managed directories of /etc. */
import { relative } from "node:path";
import { listen, type Listening, type ListenOptions } from "./listen.ts";

export interface EtcWatchOptions extends Pick<ListenOptions, "onError" | "onRead"> {
  etcDir: string;
  /** By path below /etc: an entry, or a directory that leads to one. */
  isManaged: (path: string) => boolean;
  /** Whether it is declared as a directory: only these are watched, so that neither ten thousand entries nor a pile of foreign files cost anything. */
  isDirectory: (path: string) => boolean;
  /** Something may have happened to this managed path. */
  onHint: (path: string) => void;
}

export function watchEtc({ etcDir, isManaged, isDirectory, onHint, ...rest }: EtcWatchOptions): Listening {
  const pathOf = (absolute: string): string => relative(etcDir, absolute);
  return listen({
    ...rest,
    paths: [etcDir],
    ignored: (absolute) => {
      const path = pathOf(absolute);
      return path !== "" && !isDirectory(path);
    },
    onPath: (absolute) => {
      const path = pathOf(absolute);
      if (path === "" || isManaged(path)) onHint(path);
    },
  });
}
