/** PURE. What JetStream answers to a message that a stream has taken. */
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";

const Stored = z.object({ stream: z.string(), seq: z.number() });

/** Throws deadline-exceeded with the stream's own words when it has not. */
export function requireStored(answer: Uint8Array): void {
  const text = Buffer.from(answer).toString("utf8");
  if (isStored(text)) return;
  throw new ChimeraError("deadline-exceeded", `the stream did not take it: ${text.slice(0, 500)}`);
}

function isStored(text: string): boolean {
  try {
    return Stored.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
