/**
 * SHELL. What the controller does by itself: it puts back key sets that the bucket lost, and the standing panic where something
 * lies over it, and says with its online key, every few minutes and after each change, which head is the newest.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { openFresh, type Fresh } from "@chimera/proto/signed/fresh";
import { roleKeys, type OpenedKeySet } from "@chimera/proto/signed/key-set";
import type { Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import type { Audit } from "../audit/audit.ts";
import type { Bucket } from "./bucket.ts";
import type { DocumentStore } from "./document-store.ts";

/** One small request. */
const lookEveryMs = 1_000;

export interface Upkeep {
  /** Soon, not now: whoever stored something need not wait for it. */
  wake(): void;
  close(): void;
}

export interface UpkeepOptions {
  audit: Pick<Audit, "checkpoint">;
  bucket: Bucket;
  documents: DocumentStore;
  fleetId: FleetId;
  /** The controller's only key. */
  signer: Signer | null;
  everyMs: number;
  ready: () => boolean;
  log: Log;
}

export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { documents, everyMs, ready, log } = options;
  const sayFresh = freshSayer(options);
  let running = Promise.resolve();
  async function work() {
    if (!ready()) return;
    await documents.restoreKeys();
    await sayFresh();
  }
  function wake() {
    // One after the other: an older word must not come after a newer one.
    running = running.then(work).catch((error: unknown) => log.warn({ error }, "upkeep not done"));
  }
  const timer = setInterval(wake, everyMs);
  const look = panicLook(options);
  const looking = setInterval(() => void look(), lookEveryMs);
  return {
    wake,
    close: () => {
      clearInterval(timer);
      clearInterval(looking);
    },
  };
}

/** Others than this controller write panics, and a node that returns meanwhile must find the one that stands. */
function panicLook({ documents, ready, log }: UpkeepOptions): () => Promise<void> {
  let seen: number | null = null;
  let isLooking = false;
  return async () => {
    if (isLooking || !ready()) return;
    isLooking = true;
    try {
      if ((await documents.panicRevision()) !== seen) seen = await documents.restorePanic();
    } catch (error) {
      log.debug({ error }, "panic not looked at");
    }
    isLooking = false;
  };
}

function freshSayer({ audit, bucket, documents, fleetId, signer, log }: UpkeepOptions): () => Promise<void> {
  let complainedOf: Digest | null = null;
  function complain(keys: OpenedKeySet, reason: string) {
    if (complainedOf === keys.id) return;
    complainedOf = keys.id;
    log.error({ version: keys.set.version, reason }, "freshness is not said: nodes will take no new head");
  }
  return async () => {
    const { keys, heads } = await documents.read();
    const [newest] = heads;
    if (signer === null) {
      if (keys.set.roles.fresh !== undefined)
        complain(keys, "the role fresh has keys, freshKeyFile is not set");
      return;
    }
    const head = newest === undefined ? null : { ...placeOf(newest.head), id: newest.id };
    const signed = await auditSigned(audit, log);
    const at = new Date().toISOString();
    const revision = newest?.revision ?? 0;
    const fresh: Fresh = { v: 1, kind: "fresh", fleetId, head, revision, at, ...signed };
    const envelope = seal("fresh", fresh, [signer]);
    const problem = problemOf(() => openFresh(envelope, roleKeys(keys.set, "fresh")));
    if (problem !== null) return complain(keys, `freshKeyFile holds ${signer.publicKey}: ${problem}`);
    await bucket.write(subjects.desired("fresh", fleetId), envelope);
    log.debug({ at, id: newest?.id ?? null }, "freshness said");
  };
}

/** Freshness does not wait for the audit log: nodes would take no head. */
async function auditSigned(audit: UpkeepOptions["audit"], log: Log): Promise<Pick<Fresh, "audit">> {
  try {
    const checkpoint = await audit.checkpoint();
    return checkpoint === null ? {} : { audit: checkpoint };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ error }, "audit log not signed");
    return {};
  }
}

function placeOf({ epoch, serial }: { epoch: number; serial: number }) {
  return { epoch, serial };
}

function problemOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof ChimeraError) return errorChain(error);
    throw error;
  }
}
