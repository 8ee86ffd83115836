/** PURE. Whether a time of day lies in a restart window. */
import type { RebootWindow } from "@chimera/proto/signed/head";

/** `at` is UTC as Date.toISOString writes it. The end is not in the window; over midnight it wraps. */
export function isInWindow({ from, to }: RebootWindow, at: string): boolean {
  const time = at.slice(11, 16);
  if (from === to) return true;
  return from < to ? from <= time && time < to : from <= time || time < to;
}
