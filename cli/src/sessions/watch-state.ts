/** Where somebody who watches a session is: what was asked for, what has come, and what is due. */
import type { SessionFacts, TerminalSize } from "@chimera/proto/sessions/session";
import type { SessionAt, SessionRoad, ViewLine } from "./roads/session-road.ts";
import { createViewStream, type Seen, type Viewed, type ViewStream } from "./view-stream.ts";

export interface WatchOptions {
  road: SessionRoad;
  at: SessionAt;
  /** Everything before it is known already; null: begin with what is to be seen now. */
  from: Seen | null;
  signal: AbortSignal;
  /** The line over which the node is heard now; null while there is none. */
  onLine?: ((line: ViewLine | null) => void) | undefined;
  /** So long is waited for a node that answers and sends no more of what has ended, and for one that is silent. Absent: as is usual. */
  giveUpMs?: { answered: number; silent: number } | undefined;
}

/** A line on which the node is not heard for so long is given up: first soon, then a slow one gets its time. */
export const patienceMs = { first: 3_000, known: 8_000, most: 12_000 } as const;

export interface Item {
  viewed: Viewed;
  seen: Seen | null;
}

export interface State extends WatchOptions {
  view: ViewStream;
  queue: Item[];
  queuedBytes: number;
  line: ViewLine | null;
  /** A line by another name is due. */
  isBroken: boolean;
  /** Shown to whoever watches. */
  shown: Seen | null;
  asked: { ms: number; to: number };
  renewedMs: number;
  heardMs: number;
  patienceMs: number;
  /** Since then its node is away; null while it answers. */
  awayMs: number | null;
  over: SessionFacts | null;
  /** When its output went on last, or was still to go on. */
  movedMs: number;
  /** Of a terminal: there was a picture since its end. */
  isDrawn: boolean;
  /** Of a session that has ended: since then nothing came but facts; sure when the node was asked meanwhile. */
  quiet: { sinceMs: number; isSure: boolean } | null;
  size: TerminalSize | null;
  /** Of a log that has more: where we were when its node said so last, and had all our asks. */
  stuck: { at: number; sinceMs: number } | null;
  wake: () => void;
}

export function begin(options: WatchOptions): State {
  return {
    ...options,
    view: createViewStream(options.from),
    queue: [],
    queuedBytes: 0,
    line: null,
    isBroken: true,
    shown: options.from,
    asked: { ms: 0, to: 0 },
    renewedMs: Number.NEGATIVE_INFINITY,
    heardMs: performance.now(),
    patienceMs: patienceMs.first,
    awayMs: null,
    over: null,
    movedMs: performance.now(),
    isDrawn: false,
    quiet: null,
    size: null,
    stuck: null,
    wake: () => undefined,
  };
}
