/** SHELL. Check `tcp`: somebody accepts the connection. Nothing is said over it. */
import { connect, type LookupFunction } from "node:net";
import { failed, passed, type CheckOutcome } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";

export interface TcpPlace {
  host: string;
  port: number;
}

export function createTcpCheck({ host, port }: TcpPlace, lookup: LookupFunction): CheckRun {
  return (signal) =>
    new Promise<CheckOutcome>((resolve) => {
      const stream = connect({ host, port, lookup });
      const leave = () => stream.destroy();
      const settle = (outcome: CheckOutcome) => {
        signal.removeEventListener("abort", leave);
        resolve(outcome);
        stream.destroy();
      };
      signal.addEventListener("abort", leave, { once: true });
      stream.once("connect", () => settle(passed(`${host}:${port} accepts connections`)));
      stream.on("error", (error) => settle(failed(messageOf(error))));
      stream.once("close", () => settle(failed("was given up")));
    });
}

/** Where several addresses were tried, the error of all has no words of its own. */
export function messageOf(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  const [first]: unknown[] = error.errors;
  return first instanceof Error ? first.message : "no address answered";
}
