/** PURE. Paths that say who may become root or enter: a fight over one must not be won by going on with it. */

import { budgetReverts, slowReverts, type Pace } from "./fight.ts";

const grave = new RegExp(
  `^(?:/etc/(?:${[
    String.raw`static|sudoers|sudoers\.d|doas\.conf|pam\.d|pam|security|polkit-1`,
    String.raw`ssh|ssh/sshd_config|ssh/sshd_config\.d|ssh/authorized_keys\.d`,
    "passwd|group|shadow|gshadow|subuid|subgid",
    String.raw`ld\.so\.preload|nsswitch\.conf`,
  ].join("|")})|/run/wrappers)$`,
  "u",
);
/** With all that is in them. */
const graveBelow =
  /^(?:\/etc\/(?:sudoers\.d|pam\.d|pam|security|polkit-1|ssh\/(?:sshd_config|authorized_keys)\.d)|\/run\/wrappers)\//u;

/** While such a path rests, it is put back once in so long: at each sweep of the usual interval. */
const graveEveryMs = 50_000;

export interface GraveRests {
  /** Of a path over which somebody fights, at `now` (monotonic ms): whether it is put back all the same. */
  isDue(path: string, kind: "tripped" | "resting", now: number): boolean;
  forget(path: string): void;
}

/** Eleven writes in a second must not buy hours of a sudoers that stays as it is. */
export function createGraveRests(): GraveRests {
  /** When each was put back last, or its rest began. */
  const lastAt = new Map<string, number>();
  return {
    isDue(path, kind, now) {
      if (!isGravePath(path)) return false;
      const isDue = kind === "resting" && now - (lastAt.get(path) ?? -Infinity) >= graveEveryMs;
      if (isDue || kind === "tripped") lastAt.set(path, now);
      return isDue;
    },
    forget: (path) => void lastAt.delete(path),
  };
}

const paceText: Readonly<Record<Pace, string>> = {
  minute: `put back ${budgetReverts} times in a minute: somebody fights over it`,
  day: `put back in ${slowReverts} minutes of a day: somebody changes it again and again`,
};

/** The time is said once, when the rest begins: from then on it would only repeat the clock. */
export function restText(path: string, pace: Pace, until: string): string {
  return `${paceText[pace]}, ${untilText(path, until)}`;
}

export function untilText(path: string, until: string): string {
  return `it is only ${isGravePath(path) ? "put back once a minute" : "reported"} until ${until}`;
}

export function isGravePath(path: string): boolean {
  return grave.test(path) || graveBelow.test(path);
}
