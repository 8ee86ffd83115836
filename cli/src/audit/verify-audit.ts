/** SHELL. Reads the whole log and compares it with all that is remembered of it: by the online key, by this machine, by the nodes. */
import { Digest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { FleetReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { readAuditCopy, writeAuditCopy, type AuditCopy } from "./audit-copy.ts";
import { createLogCheck, type AuditFinding, type CheckedLog } from "./check-log.ts";
import { compareMemories, type ComparedMemory, type Memory } from "./compare-memories.ts";
import { isSignedBy } from "./is-signed.ts";
import { nodeMemories } from "./node-memories.ts";
import { readAudit } from "./read-audit.ts";
import { signedWord, type SignedWord } from "./signed-memory.ts";

export interface AuditReport {
  log: CheckedLog;
  memories: ComparedMemory[];
  findings: AuditFinding[];
  /** Nodes that carry nothing. */
  silent: string[];
  /** Whether the key set has an online key at all. */
  isSigning: boolean;
}

interface Gathered {
  envelope: Envelope | null;
  word: SignedWord;
  copy: AuditCopy | null;
  memories: Memory[];
  silent: string[];
}

/** The online key says it every five minutes. */
const patienceMs = 15 * 60_000;

/** What is found is in the report. Where nothing is, this machine's copy goes on to what was read. */
export async function verifyAudit(
  io: Io,
  reader: FleetReader,
  { acceptLoss }: { acceptLoss: boolean },
): Promise<AuditReport> {
  const gathered = await gather(io, reader);
  const log = await checkAll(io, reader, gathered.memories);
  const compared = compareAll(log, gathered, { acceptLoss });
  const unsigned = unsignedFinding(gathered, log, io.nowMs());
  const findings = [...log.findings, ...gathered.word.findings, ...compared.findings, ...unsigned];
  if (findings.length === 0) await remember(io, reader, { log, gathered, lost: compared.lost });
  const isSigning = reader.newest.set.roles.fresh !== undefined;
  return { log, memories: compared.memories, findings, silent: gathered.silent, isSigning };
}

/** Before the log is read: it only grows, so none of them may know more of it. */
async function gather(io: Io, { api, newest, fleetId }: FleetReader): Promise<Gathered> {
  const copy = await readAuditCopy(io, fleetId);
  const [envelope, views] = await Promise.all([api.auditSigned(), api.nodes()]);
  const word = signedWord(envelope, newest.set, fleetId);
  const nodes = nodeMemories(views);
  const own = copy === null || copy.size === 0 ? [] : [copyMemory(copy)];
  const signed = word.memory === null ? [] : [word.memory];
  return { envelope, word, copy, memories: [...signed, ...own, ...nodes.memories], silent: nodes.silent };
}

function copyMemory({ size, root, at }: AuditCopy): Memory {
  return { who: "this machine's copy", kind: "copy", size, root, at };
}

async function checkAll(io: Io, reader: FleetReader, memories: readonly Memory[]): Promise<CheckedLog> {
  const check = createLogCheck({
    fleetId: reader.fleetId,
    sizes: new Set(memories.map(({ size }) => size)),
    isSigned: (document) => isSignedBy(reader.chain, document),
  });
  for await (const text of readAudit(io, reader.api)) check.take(text);
  return check.end();
}

/** What is given up is what nodes and this machine know more of than there is; what the online key signed stands. */
function compareAll(
  log: CheckedLog,
  { copy, memories }: Gathered,
  { acceptLoss }: { acceptLoss: boolean },
): ReturnType<typeof compareMemories> & { lost: number } {
  const before = compareMemories(log, memories, copy?.lost ?? 0);
  if (!acceptLoss) return { ...before, lost: copy?.lost ?? 0 };
  const given = before.memories.filter(({ kind, state }) => kind !== "signed" && state !== "same");
  const lost = Math.max(copy?.lost ?? 0, ...given.map(({ size }) => size));
  const others = memories.filter(({ kind }) => kind !== "copy");
  return { ...compareMemories(log, others, lost), lost };
}

/** A controller that sees that the log was changed signs it no further. */
function unsignedFinding({ word }: Gathered, { size, firstAt }: CheckedLog, nowMs: number): AuditFinding[] {
  const isOld = firstAt !== null && nowMs - Date.parse(firstAt) > patienceMs;
  if (word.at === null || word.memory !== null || size === 0 || !isOld) return [];
  const why =
    'its controller has found the log changed ("audit log was changed" in what it logs) or cannot read it';
  return [{ index: null, what: `the online key signed nothing of the log at ${word.at}: ${why}` }];
}

async function remember(
  io: Io,
  { fleetId }: FleetReader,
  { log, gathered, lost }: { log: CheckedLog; gathered: Gathered; lost: number },
): Promise<void> {
  await writeAuditCopy(io, fleetId, {
    v: 1,
    size: log.size,
    root: Digest.parse(log.root),
    at: new Date(io.nowMs()).toISOString(),
    signed: gathered.word.memory === null ? null : gathered.envelope,
    lost,
  });
}
