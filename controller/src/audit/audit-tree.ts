/**
 * SHELL. What the controller signs of the audit log: the Merkle root over all its entries, grown entry by entry and kept on the
 * controller's own disk. A log that is not any more what was signed of it is signed no further.
 */
import { join } from "node:path";
import type { AuditCheckpoint } from "@chimera/proto/audit/audit-checkpoint";
import { AuditLink, hashAuditEntry, noEntry } from "@chimera/proto/audit/audit-entry";
import type { Log } from "@chimera/proto/log";
import { Count, Digest, FleetId } from "@chimera/proto/names";
import { addLeaf, emptyFrontier, frontierRoot, type Frontier } from "@chimera/proto/signed/merkle-frontier";
import { streams, subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import { z } from "zod";
import { readJsonFile, writeDurably } from "../files/durable-file.ts";
import { readJson } from "../store/read-envelope.ts";
import { readPage, type JetStreamAccess } from "../store/read-stream.ts";

export interface AuditTree {
  /** Over all that is there; null before the first entry, and where the log was changed. */
  checkpoint(): Promise<AuditCheckpoint | null>;
}

export interface AuditTreeOptions {
  link: JetStreamAccess;
  fleetId: FleetId;
  cacheDir: string;
  log: Log;
}

const TreeFile = z.strictObject({
  v: z.literal(1),
  fleetId: FleetId,
  /** Of the newest entry in it: its place in the stream, and its leaf hash. */
  seq: Count,
  leaf: Digest,
  size: z.int().positive(),
  peaks: z.array(Digest).min(1).max(53),
});

interface Grown {
  seq: number;
  leaf: Digest;
  frontier: Frontier;
}

const nothing: Grown = { seq: 0, leaf: noEntry, frontier: emptyFrontier };
const pageSize = 200;

/** Throws state-invalid for a file of its own that is damaged. */
export function openAuditTree(options: AuditTreeOptions): AuditTree {
  const { cacheDir, log } = options;
  const path = join(cacheDir, "audit.json");
  let grown = readTree(path, options.fleetId);
  let complaint = "";
  return {
    async checkpoint() {
      const result = await growAll(options, grown);
      if (result.grown !== grown) {
        grown = result.grown;
        writeTree(path, options.fleetId, grown);
      }
      if (result.problem !== null && result.problem !== complaint) {
        log.error({ reason: result.problem, path }, "audit log was changed: it is signed no further");
      }
      complaint = result.problem ?? "";
      const { size } = grown.frontier;
      if (result.problem !== null || size === 0) return null;
      return { size, root: Digest.parse(frontierRoot(grown.frontier).toString("hex")) };
    },
  };
}

function readTree(path: string, fleetId: FleetId): Grown {
  const file = readJsonFile(path, TreeFile);
  if (file === undefined || file.fleetId !== fleetId) return nothing;
  const peaks = file.peaks.map((peak) => Buffer.from(peak, "hex"));
  return { seq: file.seq, leaf: file.leaf, frontier: { size: file.size, peaks } };
}

function writeTree(path: string, fleetId: FleetId, { seq, leaf, frontier }: Grown): void {
  const peaks = frontier.peaks.map((peak) => Digest.parse(peak.toString("hex")));
  const file: z.infer<typeof TreeFile> = { v: 1, fleetId, seq, leaf, size: frontier.size, peaks };
  writeDurably(path, `${JSON.stringify(file)}\n`);
}

interface Result {
  grown: Grown;
  problem: string | null;
}

/** The newest entry that is in the tree is read again each time: it must still be there, and be the same. */
async function growAll({ link, fleetId }: AuditTreeOptions, before: Grown): Promise<Result> {
  const page = { stream: streams.audit, subjects: [subjects.audit(fleetId)], limit: pageSize };
  let grown = before;
  let isFirst = before.seq > 0;
  for (;;) {
    const from = { seq: isFirst ? before.seq : grown.seq + 1 };
    const { messages, more } = await readPage(link, { ...page, from });
    const fresh = isFirst ? messages.slice(1) : messages;
    if (isFirst && !isStill(messages[0], before)) return { grown: before, problem: goneText(before) };
    isFirst = false;
    for (const message of fresh) {
      const next = grow(grown, message, fleetId);
      if (typeof next === "string") return { grown, problem: next };
      grown = next;
    }
    if (!more) return { grown, problem: null };
  }
}

function isStill(message: JsMsg | undefined, { seq, leaf }: Grown): boolean {
  return message?.seq === seq && hashAuditEntry(message.data).toString("hex") === leaf;
}

function goneText({ frontier }: Grown): string {
  return `entry ${frontier.size - 1} is not there any more, or is another one`;
}

/** What is wrong with the next entry, where it does not follow. */
function grow({ leaf, frontier }: Grown, message: JsMsg, fleetId: FleetId): Grown | string {
  const link = readJson(message, AuditLink);
  const { size } = frontier;
  if (link === undefined || link.fleetId !== fleetId)
    return `what lies where entry ${size} is due is no entry`;
  if (link.index !== size || link.prev !== leaf)
    return `entry ${link.index} does not follow entry ${size - 1}`;
  const hash = hashAuditEntry(message.data);
  return { seq: message.seq, leaf: Digest.parse(hash.toString("hex")), frontier: addLeaf(frontier, hash) };
}
