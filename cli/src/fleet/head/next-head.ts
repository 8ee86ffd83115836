/** PURE. The head that follows what a fleet runs now: on top of its newest document, back to its effective world. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { Head, type HeadPolicy } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { comparePlace } from "@chimera/proto/signed/place";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { highestReported } from "./highest-reported.ts";
import { newestOf, type CurrentFleet, type Seen } from "../newest-document.ts";

const hourMs = 3_600_000;

/** For as long a rollout may take the fleet back by itself. */
const consentMs = 2 * hourMs;

export interface NewHead {
  fleetId: FleetId;
  keySet: KeySet;
  current: Pick<CurrentFleet, "head" | "panic" | "effective" | "stored">;
  /** As checked here: a fleet whose store lost heads still knows how far it was. */
  nodes: readonly NodeView[];
  leaves: readonly Leaf[];
  mode: Head["mode"];
  policy: HeadPolicy;
  reason: string;
  author: string;
  expiresHours: number;
  nowMs: number;
}

/** Throws keys-expired when no node would take a head by this key set. */
export function nextHead(order: NewHead): Head {
  const { keySet, nowMs } = order;
  if (Date.parse(keySet.expires) < nowMs) {
    throw new ChimeraError(
      "keys-expired",
      `key set ${keySet.version} expired at ${keySet.expires}, no node takes a head by it: chimera keys renew`,
    );
  }
  const revertTo = worldBefore(order);
  return Head.parse({
    v: 1,
    kind: "head",
    fleetId: order.fleetId,
    ...nextPlace(order),
    world: worldId(order.leaves),
    size: order.leaves.length,
    mode: order.mode,
    policy: order.policy,
    revertTo,
    consentUntil: consentOf(order, revertTo),
    createdAt: iso(nowMs),
    notAfter: iso(nowMs + order.expiresHours * hourMs),
    author: order.author,
    reason: order.reason,
  });
}

/** Of a head that tries the newest world again: what lay before that, since a way back to itself is none. */
function worldBefore({ current: { effective, head }, leaves }: NewHead): WorldId | null {
  if (effective.kind === "none") return null;
  const isAgain = head !== null && effective.world === head.head.world && worldId(leaves) === effective.world;
  return isAgain ? head.head.revertTo : effective.world;
}

/** Whoever writes to NATS could use a consent: it is given only to a rollout that is to go back by itself, and not for long. */
function consentOf({ policy, nowMs }: NewHead, revertTo: WorldId | null): string | null {
  return revertTo !== null && policy.rollout?.onFailure === "return" ? iso(nowMs + consentMs) : null;
}

/** The store takes only what follows its own newest; one that has none takes what the nodes follow. */
function nextPlace(order: NewHead): Pick<Head, "epoch" | "serial" | "previous"> {
  const { epoch } = order.keySet;
  const highest = highestPlace(order);
  const serial = highest?.place.epoch === epoch ? highest.place.serial : 0;
  return { epoch, serial: serial + 1, previous: order.current.stored ?? highest?.id ?? null };
}

/** The newest document, or what nodes have accepted above it: the store may have lost some. */
function highestPlace({ current, keySet: { epoch }, nodes }: NewHead): Seen | null {
  const newest = newestOf(current);
  const { top } = highestReported(nodes, { epoch, seen: newest?.place ?? null });
  const isAhead = top !== null && (newest === null || comparePlace(top.place, newest.place) > 0);
  return isAhead ? top : newest;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
