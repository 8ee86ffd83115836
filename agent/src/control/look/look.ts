/**
 * SHELL. From "something may be new" to accepted documents: one look reads every key by direct get. The freshness is read
 * before the head: whoever withholds a head must have withheld that too. One key that nobody answers, or that holds
 * garbage, keeps the node from none of the others.
 */
import { StandingOrders } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { openHead } from "@chimera/proto/signed/head";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeafProof } from "@chimera/proto/signed/world";
import { subjects, type DesiredKind } from "@chimera/proto/subjects";
import type { Connection } from "../connection.ts";
import type { OrderDesk } from "../orders/order-desk.ts";
import { documentId } from "../trust/judge-document.ts";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import { createHeadTaker, type HeadTaker } from "./head-taker.ts";
import { createPanicEar, type PanicEar } from "./panic-ear.ts";
import { readEnvelope, readStored, type Found } from "./read-stored.ts";
import type { RolloutWatch } from "./rollout-watch.ts";
import type { Waves } from "./open-waves.ts";
import type { StoreWatch } from "./watch-store.ts";

export interface LookParts {
  connection: Connection;
  fleetId: FleetId;
  keeper: TrustKeeper;
  orders: OrderDesk;
  rollout: RolloutWatch;
  waves: Pick<Waves, "refresh">;
  watch: StoreWatch;
  fetchLeaf: (world: WorldId) => Promise<LeafProof>;
  log: Log;
}

export interface Look {
  /** Looks once. Looks never overlap: one that is asked for meanwhile follows. */
  refresh: () => Promise<void>;
  /** A panic as it was heard; it is also looked for in the store. */
  hearPanic: PanicEar["hear"];
}

interface State {
  /** The newest head as the store showed it, whether it was accepted or not. */
  shown: Envelope | null;
  ear: PanicEar;
  takeHead: HeadTaker;
}

/** More than a fleet will ever have; the walk goes on at the next look. */
const keySetsPerLook = 64;

export function createLook(parts: LookParts): Look {
  const { keeper, watch, log } = parts;
  const show = async () => noteShown(state, await read(parts, "head"));
  const ear = createPanicEar({ keeper, shown: () => state.shown, show });
  const state: State = { shown: null, ear, takeHead: createHeadTaker(parts) };
  let running: Promise<void> | null = null;
  let next = Promise.withResolvers<void>();
  let again = false;

  const lookUntilQuiet = async () => {
    do {
      again = false;
      next = Promise.withResolvers<void>();
      // Caught here: somebody who asked while a look failed still gets one of their own.
      await look(state, parts, next.promise).catch((error: unknown) => log.error({ error }, "look failed"));
      watch.checkFreshness();
    } while (again);
    // Not later: whoever asks from here on would be told of a look that is over.
    running = null;
  };
  const refresh = () => {
    again = running !== null;
    next.resolve();
    running ??= lookUntilQuiet();
    return running;
  };
  return {
    refresh,
    hearPanic(found) {
      const isJudged = ear.hear(found);
      if (!isJudged) void refresh();
      return isJudged;
    },
  };
}

/** `asked`: somebody wants the next one. What is asked for together is judged in the order in which it decides. */
async function look(state: State, parts: LookParts, asked: Promise<void>): Promise<void> {
  const { keeper, connection, fleetId } = parts;
  if (keeper.state() === null) return;
  const [fresh, panic] = await Promise.all([read(parts, "fresh"), read(parts, "panic"), walkKeys(parts)]);
  takeFresh(keeper, fresh);
  await state.ear.take(panic);
  const [quarantine, standing, head] = await Promise.all([
    read(parts, "quarantine"),
    readStored(connection, subjects.desiredGet("order", fleetId), StandingOrders),
    read(parts, "head"),
  ]);
  takeOrders(parts, quarantine, standing);
  await state.takeHead(noteShown(state, head), asked);
  await lookForRollout(state, parts);
  parts.watch.checkHead(placeOf(state, parts));
}

function read({ connection, fleetId }: LookParts, kind: DesiredKind): Promise<Found<Envelope>> {
  return readEnvelope(connection, subjects.desiredGet(kind, fleetId));
}

/** One after the other, until there is no next one. */
async function walkKeys({ connection, fleetId, keeper }: LookParts): Promise<void> {
  for (let count = 0; count < keySetsPerLook; count += 1) {
    const version = keeper.keySet()?.version;
    if (version === undefined) return;
    const found = await readEnvelope(connection, subjects.keySetGet(fleetId, version + 1));
    if (found.kind === "malformed") keeper.refuseMalformed("keys", found.reason);
    if (found.kind === "none") keeper.clear("keys");
    if (found.kind !== "found") return;
    if (keeper.take({ kind: "keys", envelope: found.value }).kind !== "accepted") return;
  }
}

function takeFresh(keeper: TrustKeeper, found: Found<Envelope>): void {
  if (found.kind === "malformed") keeper.refuseMalformed("fresh", found.reason);
  if (found.kind === "none") keeper.clear("fresh");
  if (found.kind === "found") keeper.take({ kind: "fresh", envelope: found.value });
}

function takeOrders(
  { keeper, orders }: LookParts,
  quarantine: Found<Envelope>,
  standing: Found<StandingOrders>,
): void {
  if (quarantine.kind === "malformed") keeper.refuseMalformed("order", quarantine.reason);
  if (quarantine.kind === "found") orders.takeStanding([quarantine.value], { isList: true });
  if (standing.kind === "malformed") keeper.refuseMalformed("order", standing.reason);
  if (standing.kind === "found") orders.takeStanding(standing.value.orders, { isList: false });
}

/** Where nobody says, it is what was shown last. */
function noteShown(state: State, found: Found<Envelope>): Found<Envelope> {
  if (found.kind !== "unanswered") state.shown = found.kind === "found" ? found.value : null;
  return found;
}

async function lookForRollout(
  { shown }: State,
  { connection, fleetId, rollout, waves }: LookParts,
): Promise<void> {
  const found = await readStored(connection, subjects.desiredGet("rollout", fleetId), RolloutRecord);
  rollout.take(found, shown === null ? null : documentId(shown));
  waves.refresh(rollout.record());
}

/** Of the head that the store shows; null where it is none that the publish role signed. */
function placeOf({ shown }: State, { keeper }: LookParts) {
  const keySet = keeper.keySet();
  if (shown === null || keySet === null) return null;
  try {
    const { head, id } = openHead(shown, keySet.roles.publish);
    return { place: head, id };
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
