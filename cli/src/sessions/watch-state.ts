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
  isAway: boolean;
  over: SessionFacts | null;
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
    isAway: false,
    over: null,
    size: null,
    stuck: null,
    wake: () => undefined,
  };
}
