/**
 * SHELL. The standing panic, kept as a file: operators may write panics straight to NATS, and whoever stole what they write
 * with could else push it out of the bucket.
 */
import { join } from "node:path";
import type { StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { Count, IsoTime, type FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { z } from "zod";
import { readJsonFile, writeDurably } from "../files/durable-file.ts";
import type { KeyStore } from "./key-store.ts";
import { openStoredPanic } from "./stored-reader.ts";

const PanicFile = z.strictObject({ v: z.literal(1), revision: Count, storedAt: IsoTime, envelope: Envelope });
type PanicFile = z.infer<typeof PanicFile>;

export interface PanicMemory {
  /** With the remembered one where it is not among these; each by its own revision. */
  complete(found: readonly StoredPanic[]): StoredPanic[];
  /** Throws nothing: where the disk is full it is remembered until the controller ends. */
  remember(standing: StoredPanic): void;
}

export interface PanicMemoryOptions {
  cacheDir: string;
  fleetId: FleetId;
  keyStore: KeyStore;
  log: Log;
}

export function openPanicMemory({ cacheDir, fleetId, keyStore, log }: PanicMemoryOptions): PanicMemory {
  const path = join(cacheDir, "panic.json");
  let kept = orNull(log, path, () => readJsonFile(path, PanicFile) ?? null);
  const known = (): StoredPanic | null => {
    if (kept === null) return null;
    const { v: _, ...stored } = kept;
    const { set } = keyStore.current().newest;
    const role = { keys: set.roles.panic, epoch: set.epoch };
    // Of retired keys it is nothing to a node.
    return orNull(null, path, () => openStoredPanic(stored, role, fleetId));
  };
  return {
    complete(found) {
      const panic = known();
      return panic === null || found.some(({ id }) => id === panic.id) ? [...found] : [...found, panic];
    },
    remember({ envelope, revision, storedAt }) {
      if (kept?.revision === revision && kept.envelope.payload === envelope.payload) return;
      const next: PanicFile = { v: 1, revision, storedAt, envelope };
      kept = next;
      orNull(log, path, () => writeDurably(path, `${JSON.stringify(next)}\n`));
    },
  };
}

function orNull<T>(log: Log | null, path: string, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log?.error({ path, error }, "panic file ignored");
    return null;
  }
}
