/** SHELL. What others hold while they work on the store: whoever collects garbage, and Nix for a path that it is writing. */
import { existsSync } from "node:fs";
import { isFlocked } from "../../activation/switch-lock.ts";

/** Nix makes it at its first collection; whoever collects holds it for himself, whoever only reads shares it. */
export const gcLockFile = "/nix/var/nix/gc.lock";

/** Null where nobody holds what a repair needs. */
export function holderOf(path: string, gcLock = gcLockFile): string | null {
  if (isFlocked(gcLock, "exclusive")) return "a garbage collection runs";
  return isFlocked(`${path}.lock`) ? "Nix works on this path" : null;
}

/** Put before a command: it runs under both locks, or not at all and ends with `busyCode`. */
export function underLocks({ switchLock, gcLock }: { switchLock: string; gcLock: string }): string[] {
  const take = ["flock", "--nonblock", "--conflict-exit-code", `${busyCode}`];
  // Without a file there was no collection yet, and one that Nix did not make it would not trust.
  const garbage = existsSync(gcLock) ? [...take, "--shared", gcLock] : [];
  return [...garbage, ...take, switchLock];
}

export const busyCode = 75;
