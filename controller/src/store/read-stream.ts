/** SHELL. Reads stored messages through a consumer that lives as long as the reading. */
import { ChimeraError } from "@chimera/proto/errors";
import { AckPolicy, DeliverPolicy, nanos, NatsError, type ConsumerInfo, type JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";

/** As much of a connection as reading needs. */
export type JetStreamAccess = Pick<NatsLink, "jetstream">;

const idleMs = 10_000;
const readMs = 10_000;

/** The newest message of every subject that fits one of these, in the sequence in which they came. */
export async function readLast(
  link: JetStreamAccess,
  stream: string,
  ...subjects: string[]
): Promise<JsMsg[]> {
  return reading(stream, async () => {
    const consumer = await openConsumer(link, { stream, subjects, from: "last" });
    return takePending(link, consumer);
  });
}

/** All messages that fit one of the subjects, oldest first. */
export async function readAll(
  link: JetStreamAccess,
  stream: string,
  subjects: readonly string[],
): Promise<JsMsg[]> {
  return reading(stream, async () => {
    const consumer = await openConsumer(link, { stream, subjects, from: { seq: 1 } });
    return takePending(link, consumer);
  });
}

/**
 * The newest `limit` messages that fit, newest first. JetStream reads only forward: the window before the end grows
 * until the server counts enough in it, so that little more is transferred than asked for.
 */
export async function readNewest(link: JetStreamAccess, wanted: Newest): Promise<JsMsg[]> {
  return reading(wanted.stream, () => growWindow(link, wanted));
}

export interface Page {
  stream: string;
  subjects: readonly string[];
  /** A time, or the sequence number to begin with. */
  from: { time: Date } | { seq: number };
  limit: number;
}

/** At most `limit` messages that fit, oldest first, and whether there are more. */
export async function readPage(
  link: JetStreamAccess,
  page: Page,
): Promise<{ messages: JsMsg[]; more: boolean }> {
  return reading(page.stream, async () => {
    const from = "time" in page.from ? await firstSince(link, page.stream, page.from.time) : page.from;
    if (from === null) return { messages: [], more: false };
    const consumer = await openConsumer(link, { ...page, from });
    const count = Math.min(consumer.num_pending, page.limit);
    const messages = await takePending(link, { ...consumer, num_pending: count });
    return { messages, more: consumer.num_pending > count };
  });
}

/**
 * The first message of whatever subject that was stored at that time or later; null where there is none. Asked for by
 * itself: a consumer of several subjects that begins at a time leaves out some of its first messages (nats-server 2.15.1).
 */
async function firstSince(
  link: JetStreamAccess,
  stream: string,
  time: Date,
): Promise<{ seq: number } | null> {
  const consumer = await openConsumer(link, { stream, subjects: [], from: { time } });
  const [first] = await takePending(link, { ...consumer, num_pending: Math.min(consumer.num_pending, 1) });
  return first === undefined ? null : { seq: first.seq };
}

/** The numbers of the stream's first and last message, and when the first was stored; null for an empty one. */
export async function streamState(link: JetStreamAccess, stream: string) {
  return reading(stream, async () => {
    const { first_seq: first, last_seq: last, messages, first_ts: firstAt } = await infoOf(link, stream);
    return { first, last, firstAt: messages === 0 ? null : firstAt };
  });
}

async function infoOf(link: JetStreamAccess, stream: string) {
  return (await link.jetstream().jsm.streams.info(stream)).state;
}

interface Newest {
  stream: string;
  subject: string;
  limit: number;
}

async function growWindow(link: JetStreamAccess, { stream, subject, limit }: Newest): Promise<JsMsg[]> {
  const { first_seq: first, last_seq: last } = await infoOf(link, stream);
  for (let window = limit * 2; ; window *= 8) {
    const start = Math.max(first, last - window + 1, 1);
    const consumer = await openConsumer(link, { stream, subjects: [subject], from: { seq: start } });
    if (consumer.num_pending >= limit || start <= Math.max(first, 1)) {
      return (await takePending(link, consumer, limit)).toReversed();
    }
    await link.jetstream().jsm.consumers.delete(stream, consumer.name);
  }
}

/** What JetStream refuses or leaves unanswered is no bug of ours: it may be there again in a moment. */
async function reading<T>(stream: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof NatsError)) throw cause;
    throw new ChimeraError("server-unreachable", `read stream ${stream}`, { cause });
  }
}

function openConsumer(
  link: JetStreamAccess,
  { stream, subjects, from }: Omit<Page, "limit" | "from"> & { from: Page["from"] | "last" },
): Promise<ConsumerInfo> {
  return link.jetstream().jsm.consumers.add(stream, {
    ...startOf(from),
    filter_subjects: [...subjects],
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(idleMs),
  });
}

function startOf(from: Page["from"] | "last") {
  if (from === "last") return { deliver_policy: DeliverPolicy.LastPerSubject };
  if ("seq" in from) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.seq };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.time.toISOString() };
}

/** All that is pending, or of that the newest `keep`: however many there are, no more is held. */
async function takePending(
  link: JetStreamAccess,
  { stream_name: stream, name, num_pending: pending }: ConsumerInfo,
  keep = pending,
): Promise<JsMsg[]> {
  const { js, jsm, atEnd } = link.jetstream();
  const messages: JsMsg[] = [];
  let taken = 0;
  if (pending > 0) {
    const bound = await js.consumers.get(stream, name);
    const batch = await bound.fetch({ max_messages: pending, expires: readMs });
    // Else its clocks would keep a process that ends alive for as long as it may take.
    const forget = atEnd(() => void batch.close());
    try {
      for await (const message of batch) {
        taken += 1;
        messages.push(message);
        if (messages.length > keep) messages.shift();
      }
    } finally {
      forget();
    }
  }
  await jsm.consumers.delete(stream, name);
  if (taken < pending) {
    throw new ChimeraError("deadline-exceeded", `stream ${stream} gave ${taken} of ${pending} messages`);
  }
  return messages;
}
