/** SHELL. A file that may change while the controller runs: looked at when it is used, at most once a second. */
import { statSync } from "node:fs";
import type { Log } from "@chimera/proto/log";
import type { z } from "zod";
import { isNoEntry, readJsonFile } from "./durable-file.ts";

export interface Reloaded<T> {
  current(): T;
  /** Rises with every change that was taken over. */
  version(): number;
}

export interface ReloadedOptions<T> {
  path: string;
  schema: z.ZodType<T>;
  /** What a missing file means. */
  missing: T;
  log: Log;
  everyMs?: number;
}

/**
 * Throws when the file cannot be read at first. Later a broken file leaves the last good content in force and is
 * reported once per change: a slip of an editor must not lock everybody out.
 */
export function reloadedFile<T>({
  path,
  schema,
  missing,
  log,
  everyMs = 1000,
}: ReloadedOptions<T>): Reloaded<T> {
  let stamp = stampOf(path);
  let value = readJsonFile(path, schema) ?? missing;
  let version = 1;
  let lookedAt = performance.now();
  function look() {
    // Not the wall clock: set back an hour, it would let a revoked token in for an hour.
    if (performance.now() - lookedAt < everyMs) return;
    lookedAt = performance.now();
    const found = stampOf(path);
    if (found === stamp) return;
    stamp = found;
    try {
      value = readJsonFile(path, schema) ?? missing;
      version += 1;
      log.info({ path }, "file reloaded");
    } catch (error) {
      log.error({ path, error }, "changed file ignored");
    }
  }
  return {
    current: () => {
      look();
      return value;
    },
    version: () => {
      look();
      return version;
    },
  };
}

function stampOf(path: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true });
    return `${mtimeNs}.${size}.${ino}`;
  } catch (error) {
    return isNoEntry(error) ? "missing" : "unreadable";
  }
}
