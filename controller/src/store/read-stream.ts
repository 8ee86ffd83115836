/** SHELL. Reads stored messages through a consumer that lives as long as the reading. */
import { ChimeraError } from "@chimera/proto/errors";
import { AckPolicy, DeliverPolicy, nanos, type ConsumerInfo, type JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";

const idleMs = 10_000;
const readMs = 10_000;

/** The newest message of every subject that fits. */
export async function readLast(link: NatsLink, stream: string, subject: string): Promise<JsMsg[]> {
  const consumer = await openConsumer(link, { stream, subject, from: "last" });
  return takePending(link, stream, consumer);
}

/** All messages that fit, oldest first. */
export async function readAll(link: NatsLink, stream: string, subject: string): Promise<JsMsg[]> {
  const consumer = await openConsumer(link, { stream, subject, from: 1 });
  return takePending(link, stream, consumer);
}

/**
 * The newest `limit` messages that fit, newest first. JetStream reads only forward: the window before the end grows
 * until the server counts enough in it, so that little more is transferred than asked for.
 */
export async function readNewest(
  link: NatsLink,
  { stream, subject, limit }: { stream: string; subject: string; limit: number },
): Promise<JsMsg[]> {
  const { first_seq: first, last_seq: last } = (await link.jetstream().jsm.streams.info(stream)).state;
  for (let window = limit * 2; ; window *= 8) {
    const start = Math.max(first, last - window + 1, 1);
    const consumer = await openConsumer(link, { stream, subject, from: start });
    if (consumer.num_pending >= limit || start <= Math.max(first, 1)) {
      return (await takePending(link, stream, consumer)).toReversed().slice(0, limit);
    }
    await link.jetstream().jsm.consumers.delete(stream, consumer.name);
  }
}

function openConsumer(
  link: NatsLink,
  { stream, subject, from }: { stream: string; subject: string; from: number | "last" },
): Promise<ConsumerInfo> {
  const start =
    from === "last"
      ? { deliver_policy: DeliverPolicy.LastPerSubject }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from };
  return link.jetstream().jsm.consumers.add(stream, {
    ...start,
    filter_subject: subject,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(idleMs),
  });
}

async function takePending(link: NatsLink, stream: string, consumer: ConsumerInfo): Promise<JsMsg[]> {
  const { js, jsm } = link.jetstream();
  const messages: JsMsg[] = [];
  if (consumer.num_pending > 0) {
    const bound = await js.consumers.get(stream, consumer.name);
    const batch = await bound.fetch({ max_messages: consumer.num_pending, expires: readMs });
    for await (const message of batch) messages.push(message);
  }
  await jsm.consumers.delete(stream, consumer.name);
  if (messages.length < consumer.num_pending) {
    throw new ChimeraError(
      "deadline-exceeded",
      `stream ${stream} gave ${messages.length} of ${consumer.num_pending} messages`,
    );
  }
  return messages;
}
