/** SHELL. The signed documents of the fleet, read from the bucket with every signature checked again. */
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import { headsInOrder, newestPanic, type FleetDocuments } from "../fleet/fleet-documents.ts";
import type { Bucket } from "./bucket.ts";
import type { KeyStore } from "./key-store.ts";
import { readJson } from "./read-envelope.ts";
import { openStoredHead, openStoredPanic, storedReader } from "./stored-reader.ts";

export interface DocumentStore {
  read(): Promise<FleetDocuments>;
  /** The key sets of the bucket are taken over, and put back where it lost them. */
  restoreKeys(): Promise<void>;
  /** Of the newest head that was seen here; 0 before the first. */
  newestSerial(): number;
}

export interface DocumentStoreOptions {
  bucket: Bucket;
  keyStore: KeyStore;
  fleetId: FleetId;
  log: Log;
}

export function createDocumentStore(options: DocumentStoreOptions): DocumentStore {
  const { bucket, keyStore, fleetId, log } = options;
  const keySets = subjects.keySet(fleetId, "*");
  const headSubject = subjects.desired("head", fleetId);
  const panicSubject = subjects.desired("panic", fleetId);
  const rolloutSubject = subjects.desired("rollout", fleetId);
  const heads = storedReader(options, "publish", openStoredHead);
  const panics = storedReader(options, "panic", openStoredPanic);
  let serial = 0;
  return {
    newestSerial: () => serial,
    async read() {
      const messages = await bucket.history([headSubject, panicSubject, rolloutSubject, keySets]);
      const of = (subject: string) => messages.filter((message) => message.subject === subject);
      const keys = keyStore.take(messages.filter((message) => isKeySet(message, keySets))).newest;
      const keysSubject = subjects.keySet(fleetId, keys.set.version);
      const ordered = headsInOrder(heads(of(headSubject)));
      serial = ordered[0]?.head.serial ?? 0;
      return {
        keys,
        keysRevision: of(keysSubject).at(-1)?.seq ?? 0,
        heads: ordered,
        headRevision: of(headSubject).at(-1)?.seq ?? 0,
        ...newestPanic(panics(of(panicSubject)), ordered),
        panicRevision: of(panicSubject).at(-1)?.seq ?? 0,
        rollout: readRollout(of(rolloutSubject)),
      };
    },
    async restoreKeys() {
      const messages = await bucket.history([keySets]);
      keyStore.take(messages);
      for (const { set, envelope } of keyStore.lost(messages)) {
        const subject = subjects.keySet(fleetId, set.version);
        const last = messages.findLast((message) => message.subject === subject)?.seq ?? 0;
        const revision = await bucket.write(subject, envelope, { lastSubjectSequence: last });
        if (revision !== "moved") log.warn({ version: set.version, revision }, "key set put back");
      }
    },
  };
}

function isKeySet({ subject }: JsMsg, pattern: string): boolean {
  return subject.startsWith(pattern.slice(0, -1));
}

/** The newest one that can be read: it is not signed, and garbage on top of it is not a record. */
function readRollout(messages: readonly JsMsg[]): RolloutRecord | null {
  return messages.map((message) => readJson(message, RolloutRecord)).findLast((record) => record) ?? null;
}
