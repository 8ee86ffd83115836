/**
 * SHELL. Modes, owners and times of a store path, as Nix sets them; no byte is touched. Each thing is opened by its name in an open
 * folder and changed by descriptor, so that no link is followed and whoever swaps a folder meanwhile leads it nowhere else.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  openSync,
  readdirSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { attempt, type Outcome } from "../../errno-outcome.ts";
import { fromText, type RawPath } from "../raw-path.ts";

export interface StoreOwner {
  uid: number;
  gid: number;
}

/** A second after the beginning of time. */
const storeTime = 1;
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const folderFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

/** How many things were changed, or the errno of the first that could not be. */
export function mendPath(path: string, owner: StoreOwner): Outcome<number> {
  return attempt(() => {
    const folder = openSync(dirname(path), folderFlags);
    try {
      return mendChild(folder, fromText(path.slice(dirname(path).length + 1)), owner);
    } finally {
      closeSync(folder);
    }
  });
}

function mendChild(folder: number, name: RawPath, owner: StoreOwner): number {
  const path = Buffer.from(`/proc/self/fd/${folder}/${name}`, "latin1");
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return mendLink(path, stats, owner);
  const fd = openSync(path, stats.isDirectory() ? folderFlags : fileFlags);
  try {
    return stats.isDirectory() ? mendFolder(fd, owner) : mendOpen(fd, owner);
  } finally {
    closeSync(fd);
  }
}

function mendFolder(fd: number, owner: StoreOwner): number {
  const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: "latin1" });
  const inside = names.reduce((sum, name) => sum + mendChild(fd, name, owner), 0);
  return inside + mendOpen(fd, owner);
}

/** A pipe or a device that took a file's place is left as it is: whoever compares the path again says so. */
function mendOpen(fd: number, { uid, gid }: StoreOwner): number {
  const stats = fstatSync(fd);
  if (!stats.isFile() && !stats.isDirectory()) return 0;
  const mode = modeOf(stats);
  // Who takes a file over also takes set-user-id bits off it, so the mode comes last.
  const isOwned = stats.uid === uid;
  if (!isOwned) fchownSync(fd, uid, gid);
  const isModeRight = (stats.mode & 0o7777) === mode && isOwned;
  if (!isModeRight) fchmodSync(fd, mode);
  const isTimeRight = stats.mtimeMs === storeTime * 1000;
  if (!isTimeRight) futimesSync(fd, stats.atimeMs / 1000, storeTime);
  return isModeRight && isTimeRight ? 0 : 1;
}

function modeOf(stats: Stats): number {
  return stats.isDirectory() || (stats.mode & constants.S_IXUSR) !== 0 ? 0o555 : 0o444;
}

function mendLink(path: Buffer, stats: Stats, { uid, gid }: StoreOwner): number {
  const isOwned = stats.uid === uid;
  if (!isOwned) lchownSync(path, uid, gid);
  const isTimeRight = stats.mtimeMs === storeTime * 1000;
  if (!isTimeRight) lutimesSync(path, stats.atimeMs / 1000, storeTime);
  return isOwned && isTimeRight ? 0 : 1;
}
