/**
 * SHELL. From "something may be new" to accepted documents: one look reads every key by direct get, in the order in which
 * one document decides about the next. The freshness is read first: whoever withholds a head must have withheld that too.
 */
import { StandingOrders } from "@chimera/proto/api";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { openHead } from "@chimera/proto/signed/head";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { RolloutRecord } from "@chimera/proto/rollout";
import type { LeafProof } from "@chimera/proto/signed/world";
import { subjects, type DesiredKind } from "@chimera/proto/subjects";
import type { Connection } from "../connection.ts";
import type { OrderDesk } from "../orders/order-desk.ts";
import { documentId } from "../trust/judge-document.ts";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import { createPanicEar, type PanicEar } from "./panic-ear.ts";
import { readEnvelope, readStored, type Found } from "./read-stored.ts";
import type { RolloutWatch } from "./rollout-watch.ts";
import type { StoreWatch } from "./watch-store.ts";

export interface LookParts {
  connection: Connection;
  fleetId: FleetId;
  keeper: TrustKeeper;
  orders: OrderDesk;
  rollout: RolloutWatch;
  watch: StoreWatch;
  fetchLeaf: (world: WorldId) => Promise<LeafProof>;
  log: Log;
}

export interface Look {
  /** Looks once. Looks never overlap: one that is asked for meanwhile follows. */
  refresh: () => Promise<void>;
  /** A panic as it was heard; it is also looked for in the store. */
  hearPanic: (found: Found<Envelope>) => void;
}

interface State {
  /** The newest head as the store showed it, whether it was accepted or not. */
  shown: Envelope | null;
  ear: PanicEar;
}

/** More than a fleet will ever have; the walk goes on at the next look. */
const keySetsPerLook = 64;

export function createLook(parts: LookParts): Look {
  const show = async () => noteShown(state, await read(parts, "head"));
  const ear = createPanicEar({ keeper: parts.keeper, shown: () => state.shown, show });
  const state: State = { shown: null, ear };
  let running: Promise<void> | null = null;
  let again = false;

  const lookUntilQuiet = async () => {
    do {
      again = false;
      // Caught here: somebody who asked while a look failed still gets one of their own.
      await look(state, parts).catch((error: unknown) =>
        parts.log.debug({ error }, "store could not be read"),
      );
      parts.watch.checkFreshness();
    } while (again);
  };
  const refresh = () => {
    again = running !== null;
    running ??= lookUntilQuiet().finally(() => {
      running = null;
    });
    return running;
  };
  return {
    refresh,
    hearPanic(found) {
      ear.hear(found);
      void refresh();
    },
  };
}

async function look(state: State, parts: LookParts): Promise<void> {
  if (parts.keeper.state() === null) return;
  const fresh = await read(parts, "fresh");
  await walkKeys(parts);
  takeFound(parts, "fresh", fresh);
  await state.ear.take(await read(parts, "panic"));
  await lookForOrders(parts);
  const head = await read(parts, "head");
  noteShown(state, head);
  await takeHead(parts, head);
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
    if (found.kind === "none") return;
    if (found.kind === "malformed") {
      refuseMalformed(keeper, "keys", found.reason);
      return;
    }
    if (keeper.take({ kind: "keys", envelope: found.value }).kind !== "accepted") return;
  }
}

function takeFound({ keeper }: LookParts, kind: "fresh", found: Found<Envelope>): void {
  if (found.kind === "malformed") refuseMalformed(keeper, kind, found.reason);
  else if (found.kind === "none") keeper.clear(kind);
  else keeper.take({ kind, envelope: found.value });
}

async function lookForOrders({ connection, fleetId, keeper, orders }: LookParts): Promise<void> {
  const quarantine = await readEnvelope(connection, subjects.desiredGet("quarantine", fleetId));
  if (quarantine.kind === "malformed") refuseMalformed(keeper, "order", quarantine.reason);
  if (quarantine.kind === "found") orders.takeStanding([quarantine.value], { isList: true });
  const standing = await readStored(connection, subjects.desiredGet("order", fleetId), StandingOrders);
  if (standing.kind === "malformed") refuseMalformed(keeper, "order", standing.reason);
  if (standing.kind === "found") orders.takeStanding(standing.value.orders, { isList: false });
}

function noteShown(state: State, found: Found<Envelope>): Envelope | null {
  state.shown = found.kind === "found" ? found.value : null;
  return state.shown;
}

async function takeHead(parts: LookParts, found: Found<Envelope>): Promise<void> {
  const { keeper } = parts;
  if (found.kind === "malformed") refuseMalformed(keeper, "head", found.reason);
  if (found.kind !== "found") return;
  const envelope = found.value;
  const verdict = keeper.take({ kind: "head", envelope, proof: null });
  if (verdict.kind !== "needs-leaf") return;
  try {
    const proof = keptProof(keeper, verdict.world) ?? (await parts.fetchLeaf(verdict.world));
    keeper.take({ kind: "head", envelope, proof });
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const reason = errorChain(error);
    keeper.refuse({ document: "head", code: error.code, reason, signedBy: [], envelope });
  }
}

/** Back to a world that was accepted before, no controller is needed. */
function keptProof(keeper: TrustKeeper, world: WorldId): LeafProof | null {
  return keeper.state()?.leaves.findLast((leaf) => leaf.world === world)?.proof ?? null;
}

async function lookForRollout({ shown }: State, { connection, fleetId, rollout }: LookParts): Promise<void> {
  const found = await readStored(connection, subjects.desiredGet("rollout", fleetId), RolloutRecord);
  rollout.take(found, shown === null ? null : documentId(shown));
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

function refuseMalformed(
  keeper: TrustKeeper,
  document: "keys" | "head" | "order" | "fresh",
  reason: string,
): void {
  keeper.refuse({ document, code: "input-invalid", reason, signedBy: [], envelope: null });
}
