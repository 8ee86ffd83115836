/** SHELL. The one way a panic gets into the store: for the newest head, beside nothing newer. */
import type { DocumentStored, PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openPanic } from "@chimera/proto/signed/panic";
import { subjects } from "@chimera/proto/subjects";
import type { FleetDocuments } from "../fleet/fleet-documents.ts";
import { judgeNewPanic } from "../fleet/judge-new-panic.ts";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import type { Act } from "./audited.ts";
import { afterStored } from "./after-stored.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "worlds" | "log">;

/**
 * Throws the code of the first rule that does not hold. One that undoes the same head for the same world as the stored one
 * is the same panic: then the stored one is answered. The audit log hears of it afterwards: a panic waits for nothing.
 */
export async function publishPanic(services: Needed, put: PutDocument, act: Act): Promise<DocumentStored> {
  return oneAtATime(services.store.bucket, async (expected) => {
    const documents = await services.store.documents.read();
    return tryPublish(services, { put, act, documents, expected });
  });
}

interface Attempt {
  put: PutDocument;
  act: Act;
  documents: FleetDocuments;
  expected: Expected;
}

async function tryPublish(
  services: Needed,
  { put, act, documents, expected }: Attempt,
): Promise<DocumentStored | "moved"> {
  const { config, store, log } = services;
  const verdict = await judge(services, documents, put);
  const stored = verdict.kind === "stored-already" ? verdict.panic : undefined;
  if (stored !== undefined && stored.revision === documents.panicRevision) {
    return { id: stored.id, revision: stored.revision };
  }
  const envelope = stored?.envelope ?? put.envelope;
  const subject = subjects.desired("panic", config.fleetId);
  const revision = await store.bucket.write(subject, envelope, expected);
  if (revision === "moved") return revision;
  const { panic, id, signedBy } = openPanic(envelope, documents.keys.set.roles.panic);
  const { serial, epoch, world, undoes } = panic;
  log.warn({ id, serial, epoch, world, undoes, revision, signedBy }, "panic stored");
  act.done("panic", { kind: "panic", id, signedBy, envelope, kept: subject });
  await afterStored(store, id);
  return { id, revision };
}

/** In advance, for the newest head, whether or not one was released for it already. */
export async function keepPanicReady(services: Needed, put: PutDocument, act: Act): Promise<DocumentStored> {
  const { config, store, log } = services;
  return oneAtATime(store.bucket, async (expected) => {
    const documents = { ...(await store.documents.read()), panic: null, panicAliases: [] };
    await judge(services, documents, put);
    const known = await store.documents.panicReady();
    const { panic, id, signedBy } = openPanic(put.envelope, documents.keys.set.roles.panic);
    if (known?.id === id) return { id, revision: known.revision };
    const subject = subjects.panicReady(config.fleetId);
    await act.begin("panic-ready", { kind: "panic", id, signedBy, envelope: put.envelope, kept: subject });
    const revision = await store.bucket.write(subject, put.envelope, expected);
    if (revision === "moved") return revision;
    log.info({ id, serial: panic.serial, world: panic.world, revision, signedBy }, "panic kept ready");
    await store.proposals.forget(id);
    return { id, revision };
  });
}

async function judge({ worlds }: Needed, documents: FleetDocuments, { envelope }: PutDocument) {
  const { panic } = openPanic(envelope, documents.keys.set.roles.panic);
  // Also without the cache's disk: nodes ask nobody for the world that they go back to.
  const wasOrdered = documents.heads.some(({ head }) => head.world === panic.world);
  const isKnown = wasOrdered || (await worlds.get(panic.world)) !== undefined;
  const verdict = judgeNewPanic(envelope, { documents, isKnown, nowMs: Date.now() });
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  return verdict;
}
