/** PURE. How much of the room a storm may take: half of it in an hour, so that what was kept before outlasts the storm. */

interface Size {
  files: number;
  bytes: number;
}

const hourMs = 3_600_000;

export interface EvidenceShare {
  /** Whether so much more is within the share. */
  has(size: Size, now: number): boolean;
  take(size: Size, now: number): void;
  /** Nothing was taken within the hour. */
  isWhole(now: number): boolean;
}

export function createShare(limits: Size): EvidenceShare {
  const most = { files: limits.files / 2, bytes: limits.bytes / 2 };
  let [used, at] = [{ files: 0, bytes: 0 }, 0];
  const leak = (now: number): void => {
    const part = (now - at) / hourMs;
    at = now;
    const { files, bytes } = used;
    used = {
      files: Math.max(0, files - part * most.files),
      bytes: Math.max(0, bytes - part * most.bytes),
    };
  };
  return {
    has({ files, bytes }, now) {
      leak(now);
      return used.files + files <= most.files && used.bytes + bytes <= most.bytes;
    },
    take({ files, bytes }, now) {
      leak(now);
      used = { files: used.files + files, bytes: used.bytes + bytes };
    },
    isWhole(now) {
      leak(now);
      return used.files === 0 && used.bytes === 0;
    },
  };
}
