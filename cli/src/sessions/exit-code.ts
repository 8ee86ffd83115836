/** SHELL. What a session has come to, as a shell would say it. */
import { constants } from "node:os";
import type { SessionFacts } from "@chimera/proto/sessions/session";

/** Of the kernel, the real-time ones included; these have no names. */
const mostSignal = 64;

/** 128 and the number of the signal; null where the node says neither code nor signal: nobody knows how it ended. */
export function exitCodeOf({ exitCode, signal }: Pick<SessionFacts, "exitCode" | "signal">): number | null {
  if (exitCode !== null) return exitCode;
  const named = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  const number = named ?? Number(/^SIG(?<number>[1-9]\d?)$/u.exec(signal ?? "")?.groups?.["number"] ?? "0");
  return number > 0 && number <= mostSignal ? 128 + number : null;
}
