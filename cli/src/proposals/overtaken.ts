/** PURE. Why nobody needs to sign a proposal any more: what it was made on top of is not the newest, or its time is up. */
import type { Digest, FleetId } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { Order } from "@chimera/proto/signed/order";
import type { Panic } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import type { FleetKeys } from "../fleet/key-chain.ts";
import { newestOf, type CurrentFleet } from "../fleet/newest-document.ts";
import type { QuarantineList } from "../order/next-quarantine.ts";
import type { OpenedProposal } from "./open-proposal.ts";

export interface Surroundings {
  fleetId: FleetId;
  keys: FleetKeys;
  current: Pick<CurrentFleet, "head" | "panic" | "stored">;
  /** Ids of the orders that were sent. */
  orders: ReadonlySet<Digest>;
  quarantine: QuarantineList | null;
  nowMs: number;
}

/** `published` is the good end; null while it can be signed. */
export function overtaken({ id, proposed, counts }: OpenedProposal, now: Surroundings): string | null {
  const { fleetId } = proposed.document;
  if (fleetId !== now.fleetId) return `it is of fleet ${fleetId ?? "none"}`;
  // Else whoever runs the controller could ask for signatures.
  if (counts.every(({ signedBy }) => signedBy.length === 0)) return "nobody who may has proposed it";
  switch (proposed.kind) {
    case "keys":
      return keysOver(proposed.document, id, now);
    case "head":
      return headOver(proposed.document, id, now);
    case "panic":
      return panicOver(proposed.document, now);
    case "order":
      return orderOver(proposed.document, id, now);
  }
}

function keysOver({ version }: KeySet, id: Digest, { keys: { newest, chain } }: Surroundings): string | null {
  const there = chain[version - 1];
  if (there !== undefined) return there.id === id ? "published" : `another key set ${version} was published`;
  return version === newest.set.version + 1 ? null : `key set ${newest.set.version + 1} is due`;
}

function headOver(head: Head, id: Digest, now: Surroundings): string | null {
  const { current, keys, nowMs } = now;
  const newest = newestOf(current);
  if (id === current.head?.id) return "published";
  if (newest !== null && comparePlace(head, newest.place) <= 0) {
    return `${showPlace(newest.place)} was published since`;
  }
  if (!isOnTop(head, current)) return "it was made on top of another head";
  if (head.epoch !== keys.newest.set.epoch) return `epoch ${keys.newest.set.epoch} has begun`;
  return Date.parse(head.notAfter) < nowMs ? `it expired at ${head.notAfter}` : null;
}

function isOnTop({ previous }: Head, current: Surroundings["current"]): boolean {
  return previous === (newestOf(current)?.id ?? null) || previous === current.stored;
}

function panicOver({ undoes, world }: Panic, { current }: Surroundings): string | null {
  if (undoes !== current.head?.id) return "the head that it undoes is not the newest";
  if (current.panic === null) return null;
  return current.panic.panic.world === world ? "published" : "another panic was published";
}

function orderOver({ action, notAfter }: Order, id: Digest, now: Surroundings): string | null {
  if (now.orders.has(id)) return "published";
  if (Date.parse(notAfter) < now.nowMs) return `it expired at ${notAfter}`;
  const serial = now.quarantine?.serial ?? 0;
  if (action.kind !== "quarantine" || action.serial > serial) return null;
  return `quarantine list ${serial} was published since`;
}
