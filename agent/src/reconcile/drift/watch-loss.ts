/** PURE. How a watch can be lost, and what a person is told of it. */

type WatchLossCode =
  | "watch-exhausted"
  | "watch-failed"
  | "watch-forgotten"
  | "watch-overflow"
  | "watch-replaced";

export interface WatchLoss {
  code: WatchLossCode;
  message: string;
}

/** Changes of what, and by what alone they are found then. */
export interface WatchedPart {
  changes: string;
  otherwise: string;
}

export const etcPart: WatchedPart = { changes: "changes of /etc", otherwise: "the sweep" };
export const machinePart: WatchedPart = { changes: "changes beyond /etc", otherwise: "the sweep" };
export const storePart: WatchedPart = { changes: "changes of the store", otherwise: "the walk" };

const exhausted: Readonly<Record<string, string>> = {
  ENOSPC: "no inotify watches are left: raise fs.inotify.max_user_watches, or end who uses them",
  EMFILE: "no inotify instances or file descriptors are left: raise fs.inotify.max_user_instances",
  ENFILE: "this machine has no file descriptors left",
};

/** `errno` as the system names it; null for an error of another sort. */
export function watchFailure(
  { changes, otherwise }: WatchedPart,
  { errno, detail }: { errno: string | null; detail: string },
): WatchLoss {
  const known = errno === null ? undefined : exhausted[errno];
  const code = known === undefined ? "watch-failed" : "watch-exhausted";
  return { code, message: `${changes} are only found by ${otherwise}: ${known ?? detail}`.slice(0, 2048) };
}

export function watchReplaced(): WatchLoss {
  return {
    code: "watch-replaced",
    message:
      "/etc is another directory than the one that was watched: it was moved, mounted over or unmounted",
  };
}

export function watchForgotten(path: string): WatchLoss {
  const message = `${path} came and went so fast that nobody listened to it any more: it is listened to again, everything is looked at`;
  return { code: "watch-forgotten", message: message.slice(0, 2048) };
}

export function watchOverflow({ events, queue }: Burst): WatchLoss {
  return {
    code: "watch-overflow",
    message: `${events} changes came at once and the kernel keeps ${queue}: some may be lost, everything is looked at`,
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
 * length is the sign of it; half as long counts, since not every watch of this process is counted.
 */
export function mayHaveOverflowed({ events, queue }: Burst): boolean {
  return events >= queue / 2;
}
