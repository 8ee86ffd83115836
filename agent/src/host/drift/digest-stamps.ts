/** SHELL. Remembers of which copied files the bytes were right, so that what did not change since is not read each minute. */
import { lstatSync, statfsSync } from "node:fs";
import { attempt } from "../errno-outcome.ts";

export interface DigestStamps {
  /** A sweep begins; now and then one reads everything. */
  beginSweep(): void;
  /** Of what is at `place` now; null where it cannot be remembered. */
  stampOf(place: string): string | null;
  /** Whether the bytes of `path` were right when they bore this stamp. */
  isKnown(path: string, stamp: string): boolean;
  /** They are, and bore this stamp before and after they were read. */
  note(path: string, stamp: string): void;
}

/** So long a change can be missed that moves no time: bytes written past the file system, or a clock that was set. */
const sweepsPerRead = 10;
/**
 * A page that somebody has mapped and written is written again without any sign until the kernel has stored it (within half a
 * minute, unless told otherwise): so fresh a file is read each time.
 */
const freshMs = 60_000;
/** These move the change time with the first write to a mapped page. A tmpfs does not, and what is below an overlay nobody knows. */
const honest: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58_46_53_42, // XFS
  0x91_23_68_3e, // btrfs
  0xf2_f5_20_10, // F2FS
]);

export function createDigestStamps(nowMs: () => number = Date.now): DigestStamps {
  const known = new Map<string, string>();
  const honestDevices = new Map<bigint, boolean>();
  let sweeps = 0;
  const isHonest = (device: bigint, place: string): boolean => {
    const before = honestDevices.get(device);
    if (before !== undefined) return before;
    const found = attempt(() => statfsSync(place));
    const answer = found.kind === "done" && honest.has(found.value.type);
    honestDevices.set(device, answer);
    return answer;
  };
  return {
    beginSweep() {
      sweeps += 1;
      if (sweeps % sweepsPerRead !== 0) return;
      known.clear();
      honestDevices.clear();
    },
    stampOf(place) {
      const found = attempt(() => lstatSync(place, { bigint: true }));
      if (found.kind === "failed" || !found.value.isFile()) return null;
      const { dev, ino, size, ctimeNs, ctimeMs } = found.value;
      if (nowMs() - Number(ctimeMs) < freshMs || !isHonest(dev, place)) return null;
      return `${dev}:${ino}:${size}:${ctimeNs}`;
    },
    isKnown: (path, stamp) => known.get(path) === stamp,
    note: (path, stamp) => void known.set(path, stamp),
  };
}
