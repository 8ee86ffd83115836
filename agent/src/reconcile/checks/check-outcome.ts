/** PURE. What one run of a health check comes to. */

export type CheckOutcome = { kind: "passed"; message: string } | { kind: "failed"; message: string };

export function passed(message: string): CheckOutcome {
  return { kind: "passed", message };
}

export function failed(message: string): CheckOutcome {
  return { kind: "failed", message };
}
