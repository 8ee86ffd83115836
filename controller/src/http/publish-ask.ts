/** SHELL. What an operator asks of the lead of the newest rollout: verified, and laid where the lead looks. */
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { DocumentStored, PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { isNewAsk, openAsk, type AskContext, type OpenedAsk } from "@chimera/proto/rollout/rollout-ask";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import { standingPanic } from "../fleet/fleet-documents.ts";
import { maxAheadMs } from "../fleet/judge-new-head.ts";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import { readJson } from "../store/read-envelope.ts";
import type { Act } from "./audited.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "log">;

/**
 * One at a time, and none that was signed before the one that lies there or was answered: whatever came in between, the lead
 * sees the newest. The same one again changes nothing. Throws the code of the first rule that does not hold.
 */
export async function publishAsk(
  services: Needed,
  { envelope }: PutDocument,
  act: Act,
): Promise<DocumentStored> {
  const { store, log } = services;
  const { order, id, signedBy, serial, revision } = await oneAtATime(store.bucket, (expected) =>
    tryAsk(services, { envelope, act, expected }),
  );
  log.info({ id, ask: order.action.ask, serial, revision, signedBy }, "rollout asked");
  await store.proposals.forget(id);
  return { id, revision };
}

async function tryAsk(
  { config, store }: Needed,
  { envelope, act, expected }: { envelope: Envelope; act: Act; expected: Expected },
) {
  const { fleetId } = config;
  const documents = await store.documents.read();
  const [newest] = documents.heads;
  if (newest?.head.policy.rollout === undefined || standingPanic(documents) !== null) {
    throw new ChimeraError("not-found", "the fleet is in no rollout: nobody leads it");
  }
  const role = documents.keys.set.roles.order;
  const context = { role, fleetId, head: newest.id, nowMs: Date.now() };
  const opened = openAsk(envelope, context);
  requireSane(opened, context.nowMs);
  const [stored] = await store.bucket.newest(subjects.rolloutAsk(fleetId));
  const lying = stored === undefined ? null : openLying(stored, context);
  const asked = { ...opened, serial: newest.head.serial };
  if (lying?.id === opened.id && stored !== undefined) return { ...asked, revision: stored.seq };
  requireNewest(opened, { lying, rollout: documents.rollout, head: newest.id, nowMs: context.nowMs });
  const kept = subjects.rolloutAsk(fleetId);
  const { id, signedBy } = opened;
  await act.begin("rollout-ask", { kind: "order", id, signedBy, envelope, kept });
  const revision = await store.bucket.write(kept, envelope, expected);
  return revision === "moved" ? revision : { ...asked, revision };
}

function requireSane({ order: { createdAt } }: OpenedAsk, nowMs: number): void {
  if (msOf(createdAt) - nowMs <= maxAheadMs) return;
  throw new ChimeraError("input-invalid", `order.createdAt is ${createdAt}, the clock of somebody is wrong`);
}

interface Earlier {
  lying: OpenedAsk | null;
  rollout: RolloutRecord | null;
  head: Digest;
  nowMs: number;
}

/** Throws order-stale. */
function requireNewest({ order }: OpenedAsk, { lying, rollout, head, nowMs }: Earlier): void {
  if (lying !== null && msOf(lying.order.createdAt) >= msOf(order.createdAt)) {
    const { author, action, createdAt } = lying.order;
    const message = `${author} asked for ${action.ask} at ${createdAt}, this was signed at ${order.createdAt}: look at the rollout and ask again`;
    throw new ChimeraError("order-stale", message);
  }
  if (rollout?.head !== head || isNewAsk(order, rollout, nowMs)) return;
  const message = `the lead has answered what was asked at ${rollout.answered?.createdAt ?? "?"}, this was signed at ${order.createdAt}: ask again`;
  throw new ChimeraError("order-stale", message);
}

/** Null for what says nothing to the lead of this rollout, or nothing any more. */
function openLying(message: JsMsg, context: AskContext): OpenedAsk | null {
  const envelope = readJson(message, Envelope);
  if (envelope === undefined) return null;
  try {
    return openAsk(envelope, context);
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
