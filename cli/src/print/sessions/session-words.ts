/** PURE. What is said of a session beside its output. */
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { printableLine } from "../printable.ts";

export function missingText(bytes: number | null): string {
  const count = bytes === null ? "an unknown number of" : bytes.toLocaleString("en-US");
  return `${count} ${bytes === 1 ? "byte is" : "bytes are"} missing here`;
}

export function stateText({ state, exitCode, signal }: SessionFacts): string {
  if (state !== "ended") return state;
  return `ended ${exitCode ?? (signal === null ? "?" : printableLine(signal))}`;
}
