/** SHELL. The one way a key set gets into the store: only the next one, and only once. */
import type { DocumentStored, PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { judgeKeySet } from "@chimera/proto/signed/key-set";
import { subjects } from "@chimera/proto/subjects";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import type { Act } from "./audited.ts";
import { afterStored } from "./after-stored.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "log">;

/** Throws keys-stale, keys-skipped, or the code of the rule that does not hold. The newest one sent again changes nothing but to be found. */
export async function publishKeys(services: Needed, put: PutDocument, act: Act): Promise<DocumentStored> {
  const { envelope } = put;
  return oneAtATime(services.store.bucket, (expected) => tryPublish(services, { envelope, act, expected }));
}

async function tryPublish(
  { config, store, log }: Needed,
  { envelope, act, expected }: PutDocument & { act: Act; expected: Expected },
): Promise<DocumentStored | "moved"> {
  const { keys, keysRevision } = await store.documents.read();
  const verdict = judgeKeySet(keys, envelope);
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  if (verdict.kind === "known" && keysRevision > 0) return { id: keys.id, revision: keysRevision };
  const { set, id, signedBy, envelope: stored } = verdict.kind === "known" ? keys : verdict.opened;
  const subject = subjects.keySet(config.fleetId, set.version);
  await act.begin("keys", { kind: "keys", id, signedBy, envelope: stored, kept: subject });
  const revision = await store.bucket.write(subject, stored, expected);
  if (revision === "moved") return revision;
  log.info({ version: set.version, epoch: set.epoch, id, revision, signedBy }, "key set stored");
  // On disk here before anybody hears that it is stored.
  await store.documents.read();
  await afterStored(store, id);
  return { id, revision };
}
