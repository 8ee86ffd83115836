/** SHELL. What a session has come to, as a shell would say it. */
import { constants } from "node:os";
import type { SessionFacts } from "@chimera/proto/sessions/session";

/** 128 and the number of the signal; 0 where the node does not say. */
export function exitCodeOf({ exitCode, signal }: Pick<SessionFacts, "exitCode" | "signal">): number {
  if (exitCode !== null) return exitCode;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return number === undefined ? 0 : 128 + number;
}
