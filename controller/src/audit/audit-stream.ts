/**
 * SHELL. The audit log in JetStream. Each entry names the hash of the one before and is written only where that one still is the newest:
 * of several controllers that write at once one comes first, and the others write behind it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditPage } from "@chimera/proto/audit/audit-api";
import {
  AuditLink,
  hashAuditEntry,
  maxAuditEntryBytes,
  noEntry,
  type AuditEntry,
  type AuditSaid,
} from "@chimera/proto/audit/audit-entry";
import { ChimeraError } from "@chimera/proto/errors";
import { Digest, type FleetId } from "@chimera/proto/names";
import { streams, subjects } from "@chimera/proto/subjects";
import pLimit from "p-limit";
import { wrongLastSequence } from "../store/bucket.ts";
import { apiErrorCode } from "../store/prepare-streams.ts";
import { readJson } from "../store/read-envelope.ts";
import { readNewest, readPage, streamState, type JetStreamAccess } from "../store/read-stream.ts";

export interface AuditPageQuery {
  sinceMs?: number | undefined;
  after?: number | undefined;
  limit: number;
}

export interface AuditStream {
  /** On disk when this returns: its index. Throws audit-failed. */
  append(said: AuditSaid): Promise<number>;
  page(query: AuditPageQuery): Promise<AuditPage>;
}

export interface AuditStreamOptions {
  link: JetStreamAccess;
  fleetId: FleetId;
  /** Names this process in its entries. */
  by: string;
}

/** Where the next entry goes. */
interface Tail {
  seq: number;
  size: number;
  leaf: Digest;
}

const attempts = 32;
const mostWaitMs = 100;
/** Whoever may write to the stream may have laid garbage over its end: as far as that is looked through. */
const lookBack = 64;

export function openAuditStream({ link, fleetId, by }: AuditStreamOptions): AuditStream {
  const subject = subjects.audit(fleetId);
  const inTurn = pLimit(1);
  let tail: Tail | null = null;
  async function append(said: AuditSaid): Promise<number> {
    for (let failed = 0; failed < attempts; failed += 1) {
      const before = tail ?? (await readTail(link, fleetId));
      // Whatever comes of it: where it is not known, the stream is asked again.
      tail = null;
      const at = new Date().toISOString();
      const entry: AuditEntry = { v: 1, fleetId, index: before.size, prev: before.leaf, at, by, said };
      const bytes = Buffer.from(JSON.stringify(entry));
      requireSmall(bytes);
      const seq = await publish(link, subject, { bytes, after: before.seq });
      if (seq !== "moved") {
        tail = { seq, size: entry.index + 1, leaf: leafOf(bytes) };
        return entry.index;
      }
      await sleep(Math.random() * Math.min(2 ** failed, mostWaitMs));
    }
    throw new ChimeraError("audit-failed", `others wrote to the audit log ${attempts} times meanwhile`);
  }
  return {
    append: (said) => inTurn(() => append(said)),
    page: (query) => pageOf(link, subject, query),
  };
}

function leafOf(bytes: Uint8Array): Digest {
  return Digest.parse(hashAuditEntry(bytes).toString("hex"));
}

function requireSmall({ length }: Buffer): void {
  if (length <= maxAuditEntryBytes) return;
  throw new ChimeraError("bug", `an audit entry of ${length} bytes, at most ${maxAuditEntryBytes}`);
}

async function publish(
  link: JetStreamAccess,
  subject: string,
  { bytes, after }: { bytes: Buffer; after: number },
): Promise<number | "moved"> {
  const { js } = reached(() => link.jetstream());
  try {
    return (await js.publish(subject, bytes, { expect: { lastSubjectSequence: after } })).seq;
  } catch (cause) {
    if (wrongLastSequence.includes(apiErrorCode(cause))) return "moved";
    throw notTaken(cause);
  }
}

async function readTail(link: JetStreamAccess, fleetId: FleetId): Promise<Tail> {
  const wanted = { stream: streams.audit, subject: subjects.audit(fleetId), limit: lookBack };
  const messages = await readNewest(link, wanted).catch((cause: unknown) => {
    throw notTaken(cause);
  });
  const [newest] = messages;
  if (newest === undefined) return { seq: 0, size: 0, leaf: noEntry };
  for (const message of messages) {
    const found = readJson(message, AuditLink);
    if (found?.fleetId === fleetId)
      return { seq: newest.seq, size: found.index + 1, leaf: leafOf(message.data) };
  }
  throw new ChimeraError(
    "audit-failed",
    `the newest ${messages.length} messages of stream ${streams.audit} are no entries of the audit log`,
  );
}

async function pageOf(
  link: JetStreamAccess,
  subject: string,
  { after, sinceMs = 0, limit }: AuditPageQuery,
): Promise<AuditPage> {
  const { last: newest } = await streamState(link, streams.audit);
  if (after !== undefined && after >= newest) return { entries: [], last: newest, more: false };
  const from = after === undefined ? { time: new Date(sinceMs) } : { seq: after + 1 };
  const { messages, more } = await readPage(link, {
    stream: streams.audit,
    subjects: [subject],
    from,
    limit,
  });
  const entries = messages.map((message) => message.string());
  return { entries, last: messages.at(-1)?.seq ?? newest, more };
}

function reached<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw notTaken(cause);
  }
}

/** With NATS's own error right below it: by that the store knows a stream that is gone. */
function notTaken(error: unknown): unknown {
  const cause = error instanceof ChimeraError && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return error;
  const how =
    'the audit log takes no entry, so nothing was changed (docs/audit.md, "When it takes no entry")';
  return new ChimeraError("audit-failed", how, { cause });
}
