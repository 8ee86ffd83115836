/** PURE. How a watch of /etc can be lost, and what a person is told of it. */

type WatchLossCode = "watch-exhausted" | "watch-failed" | "watch-overflow" | "watch-replaced";

export interface WatchLoss {
  code: WatchLossCode;
  message: string;
}

const exhausted: Readonly<Record<string, string>> = {
  ENOSPC: "no inotify watches are left: raise fs.inotify.max_user_watches, or end who uses them",
  EMFILE: "no inotify instances or file descriptors are left: raise fs.inotify.max_user_instances",
  ENFILE: "this machine has no file descriptors left",
};

/** `errno` as the system names it; null for an error of another sort. */
export function watchFailure(errno: string | null, detail: string): WatchLoss {
  const known = errno === null ? undefined : exhausted[errno];
  const code = known === undefined ? "watch-failed" : "watch-exhausted";
  return { code, message: `changes of /etc are only found by the sweep: ${known ?? detail}`.slice(0, 2048) };
}

export function watchReplaced(): WatchLoss {
  return {
    code: "watch-replaced",
    message:
      "/etc is another directory than the one that was watched: it was moved, mounted over or unmounted",
  };
}

export function watchOverflow({ events, queue }: Burst): WatchLoss {
  return {
    code: "watch-overflow",
    message: `${events} changes of /etc came at once and the kernel keeps ${queue}: some may be lost, all of /etc is looked at`,
  };
}

export interface Burst {
  /** Read in one go. */
  events: number;
  /** What the kernel keeps for a reader before it drops (fs.inotify.max_queued_events). */
  queue: number;
}

/**
 * libuv does not pass IN_Q_OVERFLOW on. A queue that overflowed is read in one go with all that it held, so a burst of that
 * length is the sign of it; half as long counts, since other watches of this process share the queue.
 */
export function mayHaveOverflowed({ events, queue }: Burst): boolean {
  return events >= queue / 2;
}
