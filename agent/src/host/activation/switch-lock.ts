/** SHELL. Whether a switch-to-configuration runs, begun by us or by anybody: by its lock. */
import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { attempt } from "../errno-outcome.ts";
import { flocksOn, isRoots, programOfPid, type Flock } from "./flocks.ts";

export const switchLockFile = "/run/nixos/switch-to-configuration.lock";

/** A switch takes it for itself, and as root: what another user holds, or shares, is no switch. */
export function isSwitchLocked(lockFile: string): boolean {
  return switchLockOf(lockFile) !== undefined;
}

/** From its lock to its first change a switch needs far longer. */
const freeForMs = 5;

/** The same for whoever asks many times in one look: the kernel walks all locks of the machine for each answer. */
export function createSwitchLook(lockFile: string): () => boolean {
  let freeUntilMs = 0;
  return () => {
    if (performance.now() < freeUntilMs) return false;
    const isLocked = isSwitchLocked(lockFile);
    freeUntilMs = isLocked ? 0 : performance.now() + freeForMs;
    return isLocked;
  };
}

function switchLockOf(lockFile: string): Flock | undefined {
  return flocksOn(lockFile).find((lock) => lock.isExclusive && isRoots(lock, lockFile));
}

/** Whoever holds it against a switch of ours, in words: anybody's lock does, a shared one too. Null where none does. */
export function blockerOfSwitch(lockFile: string): string | null {
  const [lock] = flocksOn(lockFile);
  if (lock === undefined) return null;
  if (lock.isExclusive && isRoots(lock, lockFile)) return wordsOf(lock);
  return `${wordsOf(lock)}, which is no switch: end it`;
}

/** In words; null where nobody switches. */
export function holderOfSwitchLock(lockFile: string): string | null {
  const lock = switchLockOf(lockFile);
  return lock === undefined ? null : wordsOf(lock);
}

function wordsOf({ pid }: Flock): string {
  return `process ${pid} (${programOfPid(pid)}) holds the switch's lock`;
}

export function isFlocked(lockFile: string, kind: "any" | "exclusive" = "any"): boolean {
  return flocksOn(lockFile).some(({ isExclusive }) => kind === "any" || isExclusive);
}

/** Whoever cannot open it cannot lock it: switch-to-configuration would make it readable by all. Root alone can do this. */
export function claimSwitchLock(lockFile: string): void {
  if (process.geteuid?.() !== 0) return;
  const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  attempt(() => mkdirSync(dirname(lockFile), { recursive: true, mode: 0o755 }));
  const opened = attempt(() => openSync(lockFile, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
  if (opened.kind === "failed") return;
  attempt(() => {
    if (fstatSync(opened.value).isFile()) fchmodSync(opened.value, 0o600);
  });
  closeSync(opened.value);
}
