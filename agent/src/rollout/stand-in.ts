/** PURE. Whether a lead that is no node begins: only where no node does, and later than any of them would. */

export interface Quiet {
  nowMs: number;
  /** When this head was first seen here. */
  seenMs: number;
  /** When a lead of it was last heard; minus infinity before. */
  heardMs: number;
  /** When its record was last seen to move; minus infinity before. */
  movedMs: number;
  afterMs: number;
}

/** How long it still waits, in milliseconds; 0: it begins now. */
export function standInWait({ nowMs, seenMs, heardMs, movedMs, afterMs }: Quiet): number {
  const quietSince = Math.max(seenMs, heardMs, movedMs);
  return Math.max(0, quietSince + afterMs - nowMs);
}
