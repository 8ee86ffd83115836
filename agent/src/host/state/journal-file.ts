/**
 * SHELL. The journal on disk. One that cannot be read, cut short, garbage or of a newer agent, is set aside and said so:
 * what runs, and what the pointers name, then says enough to go on. A node that refused to drive would need a person.
 */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { Journal, journalVersion } from "../../reconcile/journal.ts";
import type { Stored } from "./documents.ts";
import { readStateFile, writeStateFile, type StateRead } from "./state-file.ts";

export function journalPath(stateDir: string): string {
  return join(stateDir, "journal.json");
}

export function openJournal(stateDir: string, log: Log): Stored<Journal> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = journalPath(stateDir);
  const read = readOrSetAside(path);
  if (read.kind === "corrupt") {
    log.error({ path, keptAs: read.keptAs, reason: read.reason }, "journal was set aside");
  }
  return {
    value: read.kind === "ok" ? read.value : null,
    corrupt: read.kind === "corrupt" ? read.keptAs : null,
    save: (journal) => writeStateFile(path, journal),
  };
}

function readOrSetAside(path: string): StateRead<Journal> {
  try {
    return readStateFile(path, Journal, journalVersion);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const keptAs = `${path}.newer-${Date.now()}`;
    renameSync(path, keptAs);
    return { kind: "corrupt", keptAs, reason: error.message };
  }
}
