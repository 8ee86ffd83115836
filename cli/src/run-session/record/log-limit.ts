/** PURE. How much of a run's log its disk keeps: the newest bytes, and what was dropped before them is known to the byte. */
import { ChimeraError } from "@chimera/proto/errors";

export const usualLogLimit = 256 << 20;
/** The disk gets back whole pieces of this size. */
export const pieceBytes = 1 << 20;

const unitBytes: Readonly<Record<string, number>> = { m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** "64M", "2G"; null for "none". Throws usage. */
export function parseLogLimit(text: string): number | null {
  if (text === "none") return null;
  const [, digits = "", unit = ""] = /^([1-9][0-9]{0,5})([mgt])(?:i?b)?$/iu.exec(text) ?? [];
  const bytes = Number(digits) * (unitBytes[unit.toLowerCase()] ?? 0);
  if (bytes > 0) return bytes;
  throw new ChimeraError("usage", '--log-limit: a size as 64M or 2G, at least 1M, or "none"');
}

/** The first byte that is kept of so many. */
export function firstKept(size: number, limit: number): number {
  return Math.max(0, Math.floor((size - limit) / pieceBytes) * pieceBytes);
}
