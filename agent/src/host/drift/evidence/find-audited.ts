/** SHELL. Who changed a file by the kernel's audit, where this machine keeps one: never while somebody waits for a revert. */
import type { AuditFacts } from "@chimera/proto/drift-shown";
import { setTimeout as delay } from "node:timers/promises";
import {
  findChange,
  type AuditedChange,
  type ChangeTarget,
} from "../../../reconcile/drift/audit/find-change.ts";
import { nameOfId } from "../etc-owners.ts";
import { readAuditJournal, readAuditLog } from "./audit-log.ts";
import type { Inode } from "./inode.ts";

export interface AuditSearch {
  /** Null where nothing says so. `path` is where the file was found, at that time. */
  find(found: FoundFile): Promise<AuditFacts | null>;
}

export interface FoundFile {
  path: string;
  inode: Inode;
  atMs: number;
}

export interface AuditSearchOptions {
  /** Of auditd's log. */
  folder?: string;
  /** Of journalctl, for another journal. */
  journal?: readonly string[];
  passwd?: string;
}

/** What is older than that concerns nobody who asks today, and would have to be searched for long. */
const longestMs = 24 * 3_600_000;
/** The clock that audit reads is as coarse as a tick; a file's own time is not. */
const slackMs = 50;
/** auditd writes a moment after the kernel told it. */
const againMs = 500;
/** A journal without a record is not asked again at once: it is a process, and reads all its files. */
const restMs = 60_000;

export function createAuditSearch(options: AuditSearchOptions = {}): AuditSearch {
  const { folder = "/var/log/audit", journal = [], passwd = "/etc/passwd" } = options;
  let restUntil = -Infinity;
  const askJournal = async (target: ChangeTarget): Promise<AuditedChange | null> => {
    if (performance.now() < restUntil) return null;
    const records = await readAuditJournal(target, journal);
    if (records.length === 0) restUntil = performance.now() + restMs;
    return findChange(records, target);
  };
  const look = async (target: ChangeTarget): Promise<AuditedChange | null> => {
    const logged = await readAuditLog(folder, target);
    if (logged === null) return askJournal(target);
    const change = findChange(logged, target);
    if (change !== null) return change;
    await delay(againMs);
    return findChange((await readAuditLog(folder, target)) ?? [], target);
  };
  return {
    async find(found) {
      const change = await look(targetOf(found));
      return change === null || isOwn(change) ? null : factsOf(change, passwd);
    },
  };
}

function targetOf({ path, inode, atMs }: FoundFile): ChangeTarget {
  const sinceMs = Math.max(atMs - longestMs, inode.bornMs - slackMs);
  return { path, inode, sinceMs, untilMs: atMs };
}

/** What an agent of this build made, as a service: then who changed it since was not watched. */
function isOwn({ pid, exe, auid }: AuditedChange): boolean {
  return pid === process.pid || (exe === process.execPath && auid === null);
}

async function factsOf({ atMs, user, ...change }: AuditedChange, passwd: string): Promise<AuditFacts> {
  const { auid } = change;
  const known = user ?? (auid === null ? null : await nameOfId(passwd, auid));
  return { ...change, at: new Date(atMs).toISOString(), user: known };
}
