/** SHELL. Documents that outlive the agent, as the accepted head and the journal, in the state folder. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Log } from "@chimera/proto/log";
import type { z } from "zod";
import { peekStateFile, readStateFile, writeStateFile } from "./state-file.ts";

export interface Stored<T> {
  value: T | null;
  /** Where the unreadable document lies; null when there was none. */
  corrupt: string | null;
  save: (value: T) => void;
}

/** Throws file-unreadable when a newer agent wrote it: then this one must not drive. */
export function openDocument<T>(path: string, schema: z.ZodType<T>, log: Log): Stored<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const read = readStateFile(path, schema);
  if (read.kind === "corrupt")
    log.error({ path, keptAs: read.keptAs, reason: read.reason }, "document was corrupt");
  return {
    value: read.kind === "ok" ? read.value : null,
    corrupt: read.kind === "corrupt" ? read.keptAs : null,
    save: (value) => writeStateFile(path, value),
  };
}

/** Only looked at: null where there is none that can be read. It stays where it is. */
export function readDocument<T>(path: string, schema: z.ZodType<T>): T | null {
  return peekStateFile(path, schema);
}
