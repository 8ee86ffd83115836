/** PURE. The head that follows what a fleet runs now: on top of its newest document, back to its effective world. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { maxSerialJump } from "@chimera/proto/signed/place";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { newestOf, type CurrentFleet } from "../newest-document.ts";

const hourMs = 3_600_000;
const consentHours = 2;

export interface NewHead {
  fleetId: FleetId;
  keySet: KeySet;
  current: Pick<CurrentFleet, "head" | "panic" | "effective">;
  /** As checked here: a fleet whose store lost heads still knows how far it was. */
  nodes: readonly NodeView[];
  leaves: readonly Leaf[];
  mode: Head["mode"];
  reason: string;
  author: string;
  expiresHours: number;
  nowMs: number;
}

/** Throws keys-expired when no node would take a head by this key set. */
export function nextHead(order: NewHead): Head {
  const { current, keySet, nowMs } = order;
  if (Date.parse(keySet.expires) < nowMs) {
    throw new ChimeraError(
      "keys-expired",
      `key set ${keySet.version} expired at ${keySet.expires}, no node takes a head by it: chimera keys renew`,
    );
  }
  const revertTo = current.effective.kind === "none" ? null : current.effective.world;
  return Head.parse({
    v: 1,
    kind: "head",
    fleetId: order.fleetId,
    epoch: keySet.epoch,
    serial: nextSerial(order),
    world: worldId(order.leaves),
    size: order.leaves.length,
    previous: newestOf(current)?.id ?? null,
    mode: order.mode,
    policy: {},
    revertTo,
    consentUntil: revertTo === null ? null : iso(nowMs + consentHours * hourMs),
    createdAt: iso(nowMs),
    notAfter: iso(nowMs + order.expiresHours * hourMs),
    author: order.author,
    reason: order.reason,
  });
}

/**
 * Above the newest head, and above what nodes have accepted: the store may have lost heads. No node can push it further
 * than others would follow.
 */
function nextSerial({ current, keySet: { epoch }, nodes }: NewHead): number {
  const newest = newestOf(current)?.place;
  const stored = newest?.epoch === epoch ? newest.serial : 0;
  const reported = nodes.flatMap(({ status, verified }) =>
    verified && status?.accepted?.epoch === epoch ? [status.accepted.serial] : [],
  );
  const plausible = reported.filter((serial) => serial < stored + maxSerialJump);
  return Math.max(stored, ...plausible) + 1;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
