/** PURE. How long a local order may still last by the time since boot, which stands beside its end by the clock. */
import type { LocalOrder } from "@chimera/proto/local-order";

export interface SpanClock {
  /** The first question about an order starts its span, or what the clock says is left of it. */
  isOver: (order: LocalOrder, now: { uptimeMs: number; nowMs: number }) => boolean;
}

export function createSpanClock(): SpanClock {
  let known: { id: string; endMs: number } | null = null;
  return {
    isOver({ id, until }, { uptimeMs, nowMs }) {
      if (known?.id !== id) known = { id, endMs: uptimeMs + Date.parse(until) - nowMs };
      return uptimeMs >= known.endMs;
    },
  };
}
