/** SHELL. What every kind of check is to the schedule. */
import type { CheckOutcome } from "../../reconcile/checks/check-outcome.ts";

/** One run. It ends soon after the signal; what it says then nobody reads. It may throw: that is a failure. */
export type CheckRun = (signal: AbortSignal) => Promise<CheckOutcome>;
