/** SHELL. The bucket of signed documents: histories are read at once, and a write names the state that it was judged on. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { buckets } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import pLimit, { type LimitFunction } from "p-limit";
import type { NatsLink } from "./connection.ts";
import { apiErrorCode } from "./prepare-streams.ts";
import { readAll, readLast } from "./read-stream.ts";

const stream = `KV_${buckets.desired}`;
/** "wrong last sequence", with and without the number that was found. */
export const wrongLastSequence: readonly (number | undefined)[] = [10_071, 10_164];
const noMessageFound = 10_037;
const attempts = 32;
const mostWaitMs = 100;

/** What a write may expect: that nothing at all was written since, or nothing under its own key. */
export type Expected = { lastSequence: number } | { lastSubjectSequence: number };

export interface Bucket {
  /** Revision of its newest entry, of whatever key. */
  revision(): Promise<number>;
  /** Every kept entry of these keys, oldest first. */
  history(subjects: readonly string[]): Promise<JsMsg[]>;
  /** The newest entry of each key that fits. */
  newest(subject: string): Promise<JsMsg[]>;
  /** Revision of the newest entry of one key; 0 where there is none. */
  top(subject: string): Promise<number>;
  /** Revision of the new entry; "moved" when somebody else has written since. */
  write(subject: string, value: unknown, expected?: Expected): Promise<number | "moved">;
  /** Takes a key away with its history. */
  forget(subject: string): Promise<void>;
  /** One after the other, first come first served: a crowd at one controller would else take turns at losing. */
  inTurn: LimitFunction;
}

export function openBucket(link: NatsLink): Bucket {
  return {
    inTurn: pLimit(1),
    revision: async () =>
      asked("read revision", async () => (await link.jetstream().jsm.streams.info(stream)).state.last_seq),
    history: (subjects) => readAll(link, stream, subjects),
    newest: (subject) => readLast(link, stream, subject),
    top: async (subject) => asked(`look at ${subject}`, async () => topOf(link, subject)),
    async write(subject, value, expected) {
      const { js } = link.jetstream();
      const options = expected === undefined ? {} : { expect: expected };
      try {
        return (await js.publish(subject, JSON.stringify(value), options)).seq;
      } catch (cause) {
        if (wrongLastSequence.includes(apiErrorCode(cause))) return "moved";
        throw new ChimeraError("server-unreachable", `store ${subject} in JetStream`, { cause });
      }
    },
    forget: async (subject) =>
      asked(`forget ${subject}`, async () => {
        await link.jetstream().jsm.streams.purge(stream, { filter: subject });
      }),
  };
}

async function topOf(link: NatsLink, subject: string): Promise<number> {
  try {
    return (await link.jetstream().jsm.streams.getMessage(stream, { last_by_subj: subject })).seq;
  } catch (cause) {
    if (apiErrorCode(cause) === noMessageFound) return 0;
    throw cause;
  }
}

async function asked<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("server-unreachable", `${what} in JetStream`, { cause });
  }
}

/**
 * Judges and writes as if nobody else did: what is written names the revision of the whole bucket, so that a head, a panic
 * and a key set that come at the same time are judged one after the other. An attempt is to be short: all others wait for it.
 * Throws write-conflict when other controllers never rest.
 */
export function oneAtATime<T>(
  bucket: Bucket,
  attempt: (expected: Expected) => Promise<T | "moved">,
): Promise<T> {
  return bucket.inTurn(() => tryUntilWritten(bucket, attempt));
}

async function tryUntilWritten<T>(
  bucket: Bucket,
  attempt: (expected: Expected) => Promise<T | "moved">,
): Promise<T> {
  for (let failed = 0; failed < attempts; failed += 1) {
    const result = await attempt({ lastSequence: await bucket.revision() });
    if (result !== "moved") return result;
    await sleep(Math.random() * Math.min(2 ** failed, mostWaitMs));
  }
  throw new ChimeraError("write-conflict", `others wrote to the fleet's bucket ${attempts} times meanwhile`);
}
