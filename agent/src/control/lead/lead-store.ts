/** SHELL. The lead's keys in the store: the record, by compare-and-set, and the receipts that let a wave go. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { BackReceipts } from "@chimera/proto/rollout/back-receipts";
import type { CommitReceipts } from "@chimera/proto/rollout/commit-receipts";
import type { WaveReceipts } from "@chimera/proto/rollout/wave-receipts";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import type { Connection } from "../connection.ts";
import { parseBounded, readEnvelope } from "../look/read-stored.ts";
import { documentId } from "../trust/judge-document.ts";

export interface StoredRecord {
  /** Null where there is none, or one that nobody can read. */
  record: RolloutRecord | null;
  /** What the next write must name; 0 for a key that was never written. */
  revision: number;
}

export interface LeadStore {
  /** Throws deadline-exceeded when nobody answers. */
  read: () => Promise<StoredRecord>;
  /** Of the head that lies in the store, whoever signed it; null without, and where nobody answers. */
  readHeadId: () => Promise<Digest | null>;
  /** What an operator asked last, unchecked; null without. */
  readAsk: () => Promise<Envelope | null>;
  /** The new revision; "moved" when somebody else has written since. */
  write: (record: RolloutRecord, revision: number) => Promise<number | "moved">;
  /** They are the same whoever gathers them: the last one counts. */
  layReceipts: (receipts: WaveReceipts) => Promise<void>;
  /** The same of those that went back. */
  layBackReceipts: (receipts: BackReceipts) => Promise<void>;
  /** The same of everybody, who has committed. */
  layCommitReceipts: (receipts: CommitReceipts) => Promise<void>;
}

const Published = z.object({
  seq: z.int().optional(),
  error: z.object({ err_code: z.int(), description: z.string().max(1024) }).optional(),
});

/** "wrong last sequence", with and without the number that was found. */
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164]);

export function openLeadStore(connection: Connection, fleetId: FleetId): LeadStore {
  const put = async (subject: string, value: unknown, expectedRevision?: number) => {
    const headers = expectedRevision === undefined ? {} : { expectedRevision };
    const { data } = await connection.request(subject, JSON.stringify(value), headers);
    return publishedAs(data);
  };
  return {
    async read() {
      const { data, code, revision } = await connection.request(subjects.desiredGet("rollout", fleetId), "");
      if (code !== 0) return { record: null, revision: 0 };
      const found = data.length === 0 ? null : parseBounded(data, RolloutRecord);
      return { record: found?.kind === "found" ? found.value : null, revision: revision ?? 0 };
    },
    async readHeadId() {
      const found = await readEnvelope(connection, subjects.desiredGet("head", fleetId));
      return found.kind === "found" ? documentId(found.value) : null;
    },
    async readAsk() {
      const found = await readEnvelope(connection, subjects.rolloutAskGet(fleetId));
      return found.kind === "found" ? found.value : null;
    },
    // What its readers would refuse is never written: each lead would find garbage there, and write the same again.
    write: (record, revision) =>
      put(subjects.desired("rollout", fleetId), RolloutRecord.parse(record), revision),
    async layReceipts(receipts) {
      await put(subjects.waveReceipts(fleetId, receipts.wave), receipts);
    },
    async layBackReceipts(receipts) {
      await put(subjects.waveReceipts(fleetId, "back"), receipts);
    },
    async layCommitReceipts(receipts) {
      await put(subjects.waveReceipts(fleetId, "end"), receipts);
    },
  };
}

/** Throws deadline-exceeded with the stream's own words when it has not taken it. */
function publishedAs(answer: Uint8Array): number | "moved" {
  const found = parseBounded(answer, Published);
  const { seq, error } = found.kind === "found" ? found.value : {};
  if (error !== undefined && wrongLastSequence.has(error.err_code)) return "moved";
  if (seq !== undefined && error === undefined) return seq;
  const said = Buffer.from(answer.subarray(0, 500)).toString("utf8");
  throw new ChimeraError("deadline-exceeded", `the store did not take it: ${said}`);
}
