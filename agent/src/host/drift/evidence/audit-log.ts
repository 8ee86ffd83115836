/** SHELL. What the kernel's audit says of a file, from auditd's log or from the journal: the newest part of it, as far as a bound. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import {
  parseAuditLine,
  parseJournalAudit,
  type AuditRecord,
} from "../../../reconcile/drift/audit/audit-record.ts";
import type { ChangeTarget } from "../../../reconcile/drift/audit/find-change.ts";
import { linesAbout } from "../../../reconcile/drift/audit/lines-about.ts";
import { attempt } from "../../errno-outcome.ts";
import { run } from "../../run.ts";

/** Of each file. */
const tailBytes = 4 * 1024 * 1024;
const pieceBytes = 256 * 1024;

/** Null where auditd keeps no log. */
export async function readAuditLog(folder: string, target: ChangeTarget): Promise<AuditRecord[] | null> {
  const newest = await readTail(`${folder}/audit.log`);
  if (newest === null) return null;
  // What was rotated is read only where the file after it does not reach back.
  const older = newest.isWhole ? await readTail(`${folder}/audit.log.1`) : null;
  const text = `${older?.text ?? ""}\n${newest.text}`;
  await setImmediate();
  return linesAbout(text, target).flatMap((line) => parseAuditLine(line) ?? []);
}

/** Null for what is no file of root's. */
async function readTail(path: string): Promise<{ text: string; isWhole: boolean } | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const opened = attempt(() => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (opened.kind === "failed") return null;
  const fd = opened.value;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.uid !== process.geteuid?.()) return null;
    const from = Math.max(0, stats.size - tailBytes);
    return { text: await readFrom(fd, from, stats.size), isWhole: from === 0 };
  } finally {
    closeSync(fd);
  }
}

async function readFrom(fd: number, from: number, end: number): Promise<string> {
  const pieces: string[] = [];
  for (let at = from; at < end; at += pieceBytes) {
    const piece = Buffer.alloc(Math.min(pieceBytes, end - at));
    const read = attempt(() => readSync(fd, piece, 0, piece.length, at));
    if (read.kind === "failed") break;
    // The kernel writes ASCII.
    pieces.push(piece.toString("latin1", 0, read.value));
    await setImmediate();
  }
  return pieces.join("");
}

const Entry = z.object({
  MESSAGE: z.string(),
  _AUDIT_ID: z.string().regex(/^\d{1,20}$/),
  _AUDIT_TYPE_NAME: z.string().max(64),
  _SOURCE_REALTIME_TIMESTAMP: z.string().regex(/^\d{1,17}$/),
});

const journalEntries = 8192;
const journal = { timeoutMs: 5_000, maxBytes: 8 * 1024 * 1024 };

/** `options`: another journal, in tests. Empty where there is none, or none of audit. */
export async function readAuditJournal(
  { sinceMs, untilMs }: ChangeTarget,
  options: readonly string[] = [],
): Promise<AuditRecord[]> {
  const span = [`--since=@${Math.floor(sinceMs / 1000)}`, `--until=@${Math.ceil(untilMs / 1000) + 1}`];
  const fields = ["MESSAGE", "_AUDIT_ID", "_AUDIT_TYPE_NAME", "_SOURCE_REALTIME_TIMESTAMP"].join(",");
  const form = ["--quiet", "--no-pager", "--reverse", "--output=json", `--output-fields=${fields}`];
  const args = [...options, ...form, ...span, `--lines=${journalEntries}`, "_TRANSPORT=audit"];
  try {
    const { stdout } = await run("journalctl", args, journal);
    return stdout.split("\n").flatMap((line) => parseEntry(line) ?? []);
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}

/** A line that was cut off is none. */
function parseEntry(line: string): AuditRecord | null {
  if (line === "") return null;
  const entry = Entry.safeParse(parseJson(line));
  if (!entry.success) return null;
  const { MESSAGE: message, _AUDIT_ID: serial, _AUDIT_TYPE_NAME: type } = entry.data;
  const { _SOURCE_REALTIME_TIMESTAMP: micros } = entry.data;
  return parseJournalAudit({ type, serial, atMs: Math.floor(Number(micros) / 1000), message });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
