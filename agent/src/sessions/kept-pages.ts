/** PURE. Which pieces of a session's newest output are to be sent, so that it can be read when its node is gone. */
import { keptPageBytes, keptPageOf, keptPages } from "@chimera/proto/sessions/kept-page";

/** Of each page what was sent last: everything of it before that position, and when. */
export type SentPages = ReadonlyMap<number, { to: number; atMs: number }>;

export interface DuePage {
  page: number;
  from: number;
  to: number;
}

/** The same page is sent no oftener. */
export const pageEveryMs = 1_000;

/** In the order of the output. */
export function duePages(held: { from: number; to: number }, sent: SentPages, nowMs: number): DuePage[] {
  const last = Math.floor((held.to - 1) / keptPageBytes);
  const first = Math.max(Math.floor(held.from / keptPageBytes), last - keptPages + 1);
  const due: DuePage[] = [];
  for (let piece = first; piece <= last && held.to > held.from; piece += 1) {
    const page = keptPageOf(piece * keptPageBytes);
    const from = Math.max(held.from, piece * keptPageBytes);
    const to = Math.min(held.to, (piece + 1) * keptPageBytes);
    const before = sent.get(page);
    if (before?.to === to || (before !== undefined && nowMs - before.atMs < pageEveryMs)) continue;
    due.push({ page, from, to });
  }
  return due;
}
