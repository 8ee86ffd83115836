/** SHELL. What an operator asks of the lead of the newest rollout: verified, and laid where the lead looks. */
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { DocumentStored, PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openAsk } from "@chimera/proto/rollout/rollout-ask";
import { subjects } from "@chimera/proto/subjects";
import { standingPanic } from "../fleet/fleet-documents.ts";
import { maxAheadMs } from "../fleet/judge-new-head.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "log">;

/** The newest one counts, so it is written over whatever is there. Throws the code of the first rule that does not hold. */
export async function publishAsk(
  { config, store, log }: Needed,
  { envelope }: PutDocument,
): Promise<DocumentStored> {
  const { fleetId } = config;
  const documents = await store.documents.read();
  const [newest] = documents.heads;
  if (newest?.head.policy.rollout === undefined || standingPanic(documents) !== null) {
    throw new ChimeraError("not-found", "the fleet is in no rollout: nobody leads it");
  }
  const nowMs = Date.now();
  const role = documents.keys.set.roles.order;
  const { order, id, signedBy } = openAsk(envelope, { role, fleetId, head: newest.id, nowMs });
  if (msOf(order.createdAt) - nowMs > maxAheadMs) {
    const message = `order.createdAt is ${order.createdAt}, the clock of somebody is wrong`;
    throw new ChimeraError("input-invalid", message);
  }
  const revision = await store.bucket.write(subjects.rolloutAsk(fleetId), envelope);
  if (revision === "moved") throw new ChimeraError("write-conflict", "somebody else asked at the same time");
  log.info({ id, ask: order.action.ask, serial: newest.head.serial, revision, signedBy }, "rollout asked");
  await store.proposals.forget(id);
  return { id, revision };
}
