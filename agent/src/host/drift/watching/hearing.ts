/**
 * SHELL. Whether the kernel tells this process of each directory that is to be listened to. chokidar forgets some that are removed and made anew
 * again and again, for good and without a word: what the kernel says of the descriptor is what counts.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { heardInodes, type HeardInode } from "../../../reconcile/drift/inotify-info.ts";
import { attempt } from "../../errno-outcome.ts";

export interface Hearing {
  /** One of the directories that nobody listens to; null where there is none, or it cannot be told here. */
  unheard(): string | null;
  /** Listening has begun anew, so that all of them are heard. */
  begin(): void;
}

type KeyOf = (inode: HeardInode) => string;

/** Some file systems show other devices, or other inodes, than those that the kernel listens to. */
const keysOf: readonly KeyOf[] = [({ dev, ino }) => `${dev}:${ino}`, ({ ino }) => `${ino}`];

/** @param directories absolute; those that are none are passed over */
export function createHearing(directories: () => readonly string[]): Hearing {
  let keyOf: KeyOf | null = null;
  return {
    begin() {
      const heard = heardNow();
      keyOf = keysOf.find((key) => firstUnheard(directories(), heard, key) === null) ?? null;
    },
    unheard: () => (keyOf === null ? null : firstUnheard(directories(), heardNow(), keyOf)),
  };
}

function firstUnheard(
  directories: readonly string[],
  heard: readonly HeardInode[],
  keyOf: KeyOf,
): string | null {
  const keys = new Set(heard.map(keyOf));
  return directories.find((path) => !isHeard(path, keys, keyOf)) ?? null;
}

function isHeard(path: string, keys: ReadonlySet<string>, keyOf: KeyOf): boolean {
  const stats = attempt(() => lstatSync(path));
  return stats.kind === "failed" || !stats.value.isDirectory() || keys.has(keyOf(stats.value));
}

function heardNow(): HeardInode[] {
  const listed = attempt(() => readdirSync("/proc/self/fd"));
  if (listed.kind === "failed") return [];
  return listed.value.flatMap((fd) => {
    const target = attempt(() => readlinkSync(`/proc/self/fd/${fd}`));
    if (target.kind === "failed" || target.value !== "anon_inode:inotify") return [];
    const info = attempt(() => readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
    return info.kind === "failed" ? [] : heardInodes(info.value);
  });
}
