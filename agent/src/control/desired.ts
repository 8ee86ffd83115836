/**
 * SHELL. The newest head: read by direct get on connect, on a wake-up and every 30 s. The subscription carries no
 * facts: it also sees writes that JetStream refused.
 */
import { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { Connection } from "./connection.ts";

const maxBytes = 2 << 20;

export function subscribeToOrders(connection: Connection, fleet: string, wake: () => void): void {
  connection.subscribe(subjects.desired("head", fleet), wake);
  connection.subscribe(subjects.desired("panic", fleet), wake);
}

export type StoredHead =
  /** No head yet, or nobody who could say. */
  { kind: "none" } | { kind: "malformed"; reason: string } | { kind: "head"; envelope: Envelope };

/** Rejects when NATS does not answer. */
export async function readHead(connection: Connection, fleet: string): Promise<StoredHead> {
  const { data, code } = await connection.request(subjects.desiredGet("head", fleet), "");
  if (code !== 0) return { kind: "none" };
  if (data.length > maxBytes) return { kind: "malformed", reason: `a head of ${data.length} bytes` };
  const { data: envelope } = Envelope.safeParse(parseJson(data));
  return envelope === undefined
    ? { kind: "malformed", reason: "the stored head is not an envelope" }
    : { kind: "head", envelope };
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}
