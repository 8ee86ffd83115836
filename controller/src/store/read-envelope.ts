/** SHELL. A message of the bucket as a signed document; what is none is nobody's fault but the writer's. */
import type { Log } from "@chimera/proto/log";
import { Envelope } from "@chimera/proto/signed/envelope";
import type { JsMsg } from "nats";
import type { z } from "zod";

/** Undefined for what is not JSON of that form: a deletion's marker too. */
export function readJson<T>(message: JsMsg, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(message.string())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Reports what is no envelope. */
export function readEnvelope(message: JsMsg, log: Log): Envelope | undefined {
  const envelope = readJson(message, Envelope);
  if (envelope === undefined && message.data.length > 0) {
    log.error({ subject: message.subject, revision: message.seq }, "stored document is no envelope");
  }
  return envelope;
}

/** When the server stored it. */
export function storedMsOf({ info }: JsMsg): number {
  return Math.floor(info.timestampNanos / 1e6);
}
