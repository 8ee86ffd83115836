/** PURE. What one run of a health check comes to. */

export type CheckOutcome = { kind: "passed"; message: string } | { kind: "failed"; message: string };

export function passed(message: string): CheckOutcome {
  return { kind: "passed", message };
}

export function failed(message: string): CheckOutcome {
  return { kind: "failed", message };
}

/** One run; it ends soon after the signal, whose reason nobody needs. It may throw: that is a failure. */
export type CheckRun = (signal: AbortSignal) => Promise<CheckOutcome>;
