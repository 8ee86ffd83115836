/** SHELL. The signed documents of the fleet, read from the bucket with every signature checked again. */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import type { Digest, FleetId } from "@chimera/proto/names";
import { mayReturn } from "@chimera/proto/effective";
import { mayFollow, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { showPlace } from "@chimera/proto/signed/place";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import {
  answeringHeads,
  headsInOrder,
  newestPanic,
  standingPanic,
  type FleetDocuments,
} from "../fleet/fleet-documents.ts";
import type { Bucket } from "./bucket.ts";
import { openEndProof, type EndProof } from "./end-proof.ts";
import { openPanicMemory, type PanicMemory, type PanicMemoryOptions } from "./panic-memory.ts";
import { readJson, storedMsOf } from "./read-envelope.ts";
import { openStoredHead, openStoredPanic, storedReader } from "./stored-reader.ts";

const keySetsAhead = 16;

export interface DocumentStore {
  read(): Promise<FleetDocuments>;
  /** The panic that was signed in advance for the newest head. */
  panicReady(): Promise<StoredPanic | null>;
  /**
   * Where something lower, or garbage, lies over the standing panic it is put back for nodes that return. Revision of the entry
   * that it was found, or put, right by; null when somebody wrote meanwhile.
   */
  restorePanic(): Promise<number | null>;
  /** Revision of the newest entry under the panic's key, whoever wrote it; 0 where there is none. */
  panicRevision(): Promise<number>;
  /** The key sets of the bucket are taken over, and put back where it lost them. */
  restoreKeys(): Promise<void>;
  /** Of the newest head that was seen here; 0 before the first. */
  newestSerial(): number;
}

export interface DocumentStoreOptions extends PanicMemoryOptions {
  bucket: Bucket;
}

export function createDocumentStore(options: DocumentStoreOptions): DocumentStore {
  const { bucket, fleetId } = options;
  const panicMemory = openPanicMemory(options);
  const ends = openEndProof(options);
  const { arrange, panics } = documentReader(options, { panicMemory, ends });
  const read = async () => {
    const messages = await withKeySets(options, documentSubjects(fleetId));
    const found = arrange(messages);
    const isNews = await ends.learn(found.heads[0], recordsIn(messages, fleetId));
    const documents = isNews ? arrange(messages) : found;
    const standing = standingPanic(documents);
    if (standing !== null) panicMemory.remember(standing);
    return documents;
  };
  let serial = 0;
  return {
    newestSerial: () => serial,
    async read() {
      const documents = await read();
      serial = documents.heads[0]?.head.serial ?? 0;
      return documents;
    },
    async panicReady() {
      const [newest] = (await read()).heads;
      const ready = panics(await bucket.history([subjects.panicReady(fleetId)]));
      return ready.findLast(({ panic }) => panic.undoes === newest?.id) ?? null;
    },
    restoreKeys: () => restoreKeys(options),
    restorePanic: async () => restorePanic(options, await read()),
    panicRevision: () => bucket.top(subjects.desired("panic", fleetId)),
  };
}

async function restoreKeys(options: DocumentStoreOptions): Promise<void> {
  const { bucket, keyStore, fleetId, log } = options;
  const messages = await withKeySets(options, []);
  for (const { set, envelope } of keyStore.lost(messages)) {
    const subject = subjects.keySet(fleetId, set.version);
    const last = messages.findLast((message) => message.subject === subject)?.seq ?? 0;
    const revision = await bucket.write(subject, envelope, { lastSubjectSequence: last });
    if (revision !== "moved")
      log.warn({ version: set.version, revision }, "key set put where nodes look for it");
  }
}

async function restorePanic(
  { bucket, fleetId, log }: DocumentStoreOptions,
  documents: FleetDocuments,
): Promise<number | null> {
  const standing = standingPanic(documents);
  const over = documents.panicRevision;
  if (standing === null || standing.revision === over) return over;
  const { id, envelope, panic } = standing;
  const subject = subjects.desired("panic", fleetId);
  const revision = await bucket.write(subject, envelope, { lastSubjectSequence: over });
  if (revision === "moved") return null;
  log.warn({ id, serial: panic.serial, revision, over }, "panic put where nodes look for it");
  return revision;
}

/**
 * Entries of these keys, and of the key sets up to the newest and a few above it, which are taken over; read on while they lead
 * further. By their names: thousands that lead nowhere would keep every answer waiting.
 */
async function withKeySets(
  { bucket, keyStore, fleetId }: DocumentStoreOptions,
  wanted: readonly string[],
): Promise<JsMsg[]> {
  for (;;) {
    const { version } = keyStore.current().newest.set;
    const keySets = Array.from({ length: version + keySetsAhead }, (_, i) => subjects.keySet(fleetId, i + 1));
    const messages = await bucket.history([...wanted, ...keySets]);
    const { newest } = keyStore.take(messages.filter(({ subject }) => keySets.includes(subject)));
    if (newest.set.version === version) return messages;
  }
}

function documentSubjects(fleetId: FleetId): string[] {
  return (["head", "panic", "rollout"] as const).map((kind) => subjects.desired(kind, fleetId));
}

interface Memories {
  panicMemory: PanicMemory;
  ends: EndProof;
}

/** The key sets first: they say whose signatures count for the rest. */
function documentReader(options: DocumentStoreOptions, { panicMemory, ends }: Memories) {
  const { keyStore, fleetId, log } = options;
  const keySets = subjects.keySet(fleetId, "*").slice(0, -1);
  const heads = storedReader(options, "publish", openStoredHead);
  const panics = storedReader(options, "panic", openStoredPanic);
  let passedOver = new Set<Digest>();
  function orderHeads(found: readonly StoredHead[], undone: readonly StoredPanic[]): StoredHead[] {
    const ordered = headsInOrder(answeringHeads(found, undone));
    const counting = new Set(ordered.map(({ id }) => id));
    const others = found.filter(({ id }) => !counting.has(id));
    for (const { id, revision, head, signedBy } of others.filter((one) => !passedOver.has(one.id))) {
      log.error(
        { id, revision, place: showPlace(head), signedBy },
        "stored head passed over: it jumps too far, or does not follow a panic",
      );
    }
    passedOver = new Set(others.map(({ id }) => id));
    return ordered;
  }
  function arrange(messages: readonly JsMsg[]): FleetDocuments {
    const of = (subject: string) => messages.filter((message) => message.subject === subject);
    const [head = [], panic = [], rollout = []] = documentSubjects(fleetId).map((subject) => of(subject));
    const keyMessages = messages.filter(({ subject }) => subject.startsWith(keySets));
    const keys = keyStore.take(keyMessages).newest;
    const isOnTop = !keyStore.lost(keyMessages).includes(keys);
    const stored = panicMemory.complete(panics(panic));
    const ordered = orderHeads(heads(head), stored);
    return {
      keys,
      keysRevision: isOnTop ? lastRevision(of(subjects.keySet(fleetId, keys.set.version))) : 0,
      heads: ordered,
      headRevision: lastRevision(head),
      ...newestPanic(stored, ordered),
      panicRevision: lastRevision(panic),
      rollout: readRollout(rollout, ordered, ends),
    };
  }
  return { arrange, panics };
}

/** Of the newest entry, whoever wrote it. */
function lastRevision(messages: readonly JsMsg[]): number {
  return messages.at(-1)?.seq ?? 0;
}

function recordsIn(messages: readonly JsMsg[], fleetId: FleetId): RolloutRecord[] {
  const subject = subjects.desired("rollout", fleetId);
  return messages.flatMap((one) => (one.subject === subject ? (readJson(one, RolloutRecord) ?? []) : []));
}

/**
 * The newest of the highest lease, as nodes heed them. Nobody signs them: garbage among them is no record, and "committed" is the end
 * only where everybody has signed it. "Returned" is one where it lay here while its head consented: then nodes went.
 */
function readRollout(
  messages: readonly JsMsg[],
  heads: readonly StoredHead[],
  ends: Pick<EndProof, "isProven">,
): RolloutRecord | null {
  const records = messages.flatMap((message) => {
    const record = readJson(message, RolloutRecord);
    return record === undefined ? [] : [{ record, storedMs: storedMsOf(message) }];
  });
  let known: (typeof records)[number] | null = null;
  for (const next of records) {
    const storedMs = known?.storedMs ?? 0;
    const isEnd = (record: RolloutRecord) => {
      if (record.phase === "committed") return ends.isProven(record.head);
      const head = heads.find(({ id }) => id === record.head);
      return record.phase === "returned" && head !== undefined && mayReturn(head.head, storedMs);
    };
    if (mayFollow(known?.record ?? null, next.record, isEnd)) known = next;
  }
  return known?.record ?? null;
}
