/** SHELL. What a file system has left for whoever is not root there; null where it cannot be asked. */
import { statfsSync } from "node:fs";

export function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
