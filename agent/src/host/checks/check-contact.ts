/** SHELL. Check `contact`: a fresh round trip to NATS or the controller. What it means for probation is not judged here. */
import { failed, passed } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";

export function createContactCheck(hasContact: () => Promise<boolean>): CheckRun {
  return async () =>
    (await hasContact())
      ? passed("NATS or the controller answered")
      : failed("neither NATS nor the controller answered");
}
