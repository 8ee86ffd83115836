/** SHELL. Messages of a stream by direct get, many in an answer (ADR-31 of nats-server): it needs no consumer, and no right but to that subject. */
import { ChimeraError } from "@chimera/proto/errors";
import { createInbox, type Msg, type NatsConnection } from "nats";

export interface StoredQuery {
  /** `$JS.API.DIRECT.GET.<stream>` */
  get: string;
  /** Of the messages; may have wildcards. */
  subject: string;
}

export interface StoredMessage {
  data: Uint8Array;
  subject: string;
  /** ISO time. */
  storedAt: string;
}

const atOnce = 1000;
const patienceMs = 5_000;
const noneLeft = 404;

/** Throws deadline-exceeded where JetStream does not answer, tool-failed where it answers something else. */
export async function readStored(
  nats: NatsConnection,
  inboxPrefix: string,
  { get, subject }: StoredQuery,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let seq = 1; ;) {
    const body = JSON.stringify({ batch: atOnce, seq, next_by_subj: subject });
    const { messages, pending } = await readBatch(nats, { get, body, inbox: createInbox(inboxPrefix) });
    found.push(...messages.map(({ stored }) => stored));
    const last = messages.at(-1)?.seq;
    if (last === undefined || pending === 0) return found;
    seq = last + 1;
  }
}

interface Batch {
  messages: { seq: number; stored: StoredMessage }[];
  pending: number;
}

async function readBatch(
  nats: NatsConnection,
  { get, body, inbox }: { get: string; body: string; inbox: string },
): Promise<Batch> {
  const { promise, resolve, reject } = Promise.withResolvers<Batch>();
  const batch: Batch = { messages: [], pending: 0 };
  const subscription = nats.subscribe(inbox, {
    callback(error, message) {
      if (error !== null) return reject(error);
      const { code = 0, description = "" } = message.headers ?? {};
      if (code === 0) return void batch.messages.push(toStored(message));
      batch.pending = Number(message.headers?.get("Nats-Num-Pending") ?? 0);
      if (code === 204 || code === noneLeft) return resolve(batch);
      reject(new ChimeraError("tool-failed", `JetStream answers ${code} ${description} on ${get}`));
    },
  });
  const late = setTimeout(() => {
    reject(new ChimeraError("deadline-exceeded", `NATS did not answer on ${get}`));
  }, patienceMs);
  try {
    nats.publish(get, body, { reply: inbox });
    return await promise;
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("deadline-exceeded", `NATS did not answer on ${get}`, { cause });
  } finally {
    clearTimeout(late);
    subscription.unsubscribe();
  }
}

function toStored({ data, headers }: Msg): Batch["messages"][number] {
  return {
    seq: Number(headers?.get("Nats-Sequence") ?? 0),
    stored: {
      data,
      subject: headers?.get("Nats-Subject") ?? "",
      // Up to nanoseconds.
      storedAt: headers?.get("Nats-Time-Stamp") ?? "",
    },
  };
}
