/** SHELL. Heads in JetStream KV: written by compare-and-set only, read with their signatures checked again. */
import { sha256 } from "@chimera/proto/signed/canonical";
import type { StoredHead } from "@chimera/proto/api";
import { Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import { comparePlace, openHead } from "@chimera/proto/signed/head";
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { buckets, subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";
import { apiErrorCode } from "./prepare-streams.ts";
import { readAll } from "./read-stream.ts";

const wrongLastSequence = 10_071;
/** More than a bucket keeps of one key. */
const remembered = 256;

interface HeadHistory {
  /** Highest order first, each once; only this fleet's, and only what the publish role signed. */
  heads: StoredHead[];
  /** Of the newest entry, whoever wrote it: what a compare-and-set must name. */
  revision: number;
}

export interface HeadStore {
  history(): Promise<HeadHistory>;
  /** Throws write-conflict when the newest revision is another. */
  put(envelope: Envelope, expectedRevision: number): Promise<number>;
  /** Of the newest head that was seen here; 0 before the first. */
  newestSerial(): number;
}

export interface HeadStoreOptions {
  link: NatsLink;
  fleetId: FleetId;
  publish: RoleKeys;
  log: Log;
}

export function createHeadStore({ link, fleetId, publish, log }: HeadStoreOptions): HeadStore {
  const subject = subjects.desired("head", fleetId);
  const opened = new Map<string, StoredHead | null>();
  let serial = 0;
  function open(message: JsMsg): StoredHead | null {
    // Not by the revision alone: a server that lost its data counts from 1 again.
    const name = `${message.seq} ${sha256(message.data)}`;
    const known = opened.get(name);
    if (known !== undefined) return known;
    const head = readStored(message, { fleetId, publish, log });
    if (opened.size >= remembered) opened.clear();
    opened.set(name, head);
    return head;
  }
  return {
    newestSerial: () => serial,
    async history() {
      const messages = await readAll(link, `KV_${buckets.desired}`, subject);
      const heads = inOrder(messages.map((message) => open(message)).filter((head) => head !== null));
      serial = heads[0]?.head.serial ?? 0;
      return { heads, revision: messages.at(-1)?.seq ?? 0 };
    },
    async put(envelope, expectedRevision) {
      const { js } = link.jetstream();
      try {
        const expect = { lastSubjectSequence: expectedRevision };
        return (await js.publish(subject, JSON.stringify(envelope), { expect })).seq;
      } catch (cause) {
        if (apiErrorCode(cause) !== wrongLastSequence) {
          throw new ChimeraError("server-unreachable", "store head in JetStream", { cause });
        }
        throw new ChimeraError("write-conflict", `the head is no longer at revision ${expectedRevision}`);
      }
    },
  };
}

/** By order and not by place: an old head that somebody wrote again is not the newest for that. Of equals the first leads. */
function inOrder(heads: readonly StoredHead[]): StoredHead[] {
  const newestCopy = new Map(heads.map((stored) => [stored.id, stored]));
  return [...newestCopy.values()].toSorted((a, b) => comparePlace(b.head, a.head));
}

/** Null for what did not come through this door: it is reported once and never shown as a head. */
function readStored(
  message: JsMsg,
  { fleetId, publish, log }: Pick<HeadStoreOptions, "fleetId" | "publish" | "log">,
): StoredHead | null {
  try {
    const envelope = Envelope.parse(JSON.parse(message.string()));
    const { head, id, signedBy } = openHead(envelope, publish);
    if (head.fleetId !== fleetId) throw new ChimeraError("fleet-mismatch", `head for fleet ${head.fleetId}`);
    const storedAt = new Date(message.info.timestampNanos / 1e6).toISOString();
    return { id, revision: message.seq, storedAt, signedBy, head, envelope };
  } catch (error) {
    log.error({ revision: message.seq, error }, "stored head refused");
    return null;
  }
}
