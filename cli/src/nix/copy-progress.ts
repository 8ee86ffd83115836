/** PURE. Nix's own count of what it copies, as progress of what was to be copied. */
import { closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { BuildLog, Progress } from "./build-log.ts";

export interface CopyProgress {
  paths: Progress;
  /** Of NARs, before compression. */
  bytes: Progress;
}

export function copyProgress(
  missing: readonly ClosureEntry[],
  tell: (progress: CopyProgress) => void,
): (log: BuildLog) => void {
  const total = closureSize(missing);
  return ({ copied, copiedBytes }) =>
    tell({
      paths: { ...copied, total: missing.length },
      bytes: { done: Math.min(copiedBytes.done, total), total },
    });
}
