/** SHELL. Whether there is room for a repair: a disk that is full in its midst helps nobody. */
import { statfsSync } from "node:fs";
import { attempt } from "../../errno-outcome.ts";

/** Once as a NAR and once unpacked, where both lie on one disk; and some for whatever else is written meanwhile. */
const shares = 2.2;
const mebibyte = 1 << 20;
const spareBytes = 32 * mebibyte;

/** In words; null where there is room enough. */
export function spaceProblem(bytes: number, folders: readonly string[]): string | null {
  for (const folder of folders) {
    const space = attempt(() => statfsSync(folder));
    if (space.kind === "failed") continue;
    const missing = bytes * shares + spareBytes - space.value.bavail * space.value.bsize;
    if (missing > 0) return `${folder} lacks ${Math.ceil(missing / mebibyte)} MiB for a repair`;
  }
  return null;
}
