/** SHELL. Passes events of drift on, and in a storm the sum of what is not told one by one: once it is over, or each half a minute. */
import type { NodeEventBody } from "@chimera/proto/event";
import { createEventSum } from "../../reconcile/drift/event-sum.ts";

export interface StormTeller {
  report: (event: NodeEventBody) => void;
  /** Tells what is not told yet. */
  stop: () => void;
}

export interface StormTellerOptions {
  report: (event: NodeEventBody) => void;
  quietMs?: number;
  longestMs?: number;
}

export function createStormTeller({
  report,
  quietMs = 2000,
  longestMs = 30_000,
}: StormTellerOptions): StormTeller {
  const sum = createEventSum();
  let begun: { from: string; untilMs: number } | null = null;
  let until = "";
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const told = sum.flush();
    if (told !== null && begun !== null)
      report({ type: "drift-summed", data: { ...told, from: begun.from, until } });
    begun = null;
  };
  return {
    report(event) {
      if (sum.take(event, performance.now())) return report(event);
      until = new Date().toISOString();
      begun ??= { from: until, untilMs: performance.now() + longestMs };
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(flush, Math.max(0, Math.min(quietMs, begun.untilMs - performance.now())));
    },
    stop: flush,
  };
}
