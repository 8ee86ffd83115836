/** PURE. The newest document of a fleet: what the next head must name as its predecessor. */
import type { Effective } from "@chimera/proto/effective";
import type { FleetView } from "@chimera/proto/api";
import type { Digest } from "@chimera/proto/names";
import { ChimeraError } from "@chimera/proto/errors";
import { panicPlace } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import {
  verifyHead,
  verifyPanic,
  type Trust,
  type VerifiedHead,
  type VerifiedPanic,
} from "./verify-documents.ts";

export interface CurrentFleet {
  /** As the controller shows it: its revisions and times are its own word. */
  view: FleetView;
  /** Revision that the next head must name. */
  revision: number;
  head: VerifiedHead | null;
  /** Only where it is newer than the head. */
  panic: VerifiedPanic | null;
  /** Id of the newest document of the store: another one where it lost data and `chimera reseed` could not help. */
  stored: Digest | null;
  effective: Effective;
  /** Why `effective` is that the fleet went back: the lead's record says so, the nodes have signed it, or a person has said it. */
  returnedBy?: "record" | "nodes" | "choice";
  /** Of the effective world. */
  leaves: Leaf[];
}

/** A document that was seen, and where in the order of all. */
export interface Seen {
  place: Place;
  id: Digest;
}

type Newest = Pick<CurrentFleet, "head" | "panic">;

export function newestOf({ head, panic }: Newest): Seen | null {
  if (panic !== null) return { place: panicPlace(panic.panic), id: panic.id };
  if (head === null) return null;
  const { epoch, serial } = head.head;
  return { place: { epoch, serial, rank: 0 }, id: head.id };
}

/** The copy where the store is behind it. */
export function newerOf(shown: Newest, copy: Newest | null): Newest {
  const own = copy === null ? null : newestOf(copy);
  if (copy === null || own === null) return shown;
  const there = newestOf(shown);
  return there === null || comparePlace(there.place, own.place) < 0 ? copy : shown;
}

/** Throws what is wrong with the newest head or panic; a panic that a newer head has ended is left out. */
export function verifyNewest(view: Pick<FleetView, "head" | "panic">, trust: Trust): Newest {
  const head = view.head === null ? null : verifyHead(view.head, trust);
  if (view.panic === null) return { head, panic: null };
  const isOver = head !== null && comparePlace(panicPlace(view.panic.panic), head.head) < 0;
  if (isOver) return { head, panic: null };
  const panic = verifyPanic(view.panic, trust);
  if (head !== null && panic.panic.undoes === head.id && comparePlace(panic.panic, head.head) === 0) {
    return { head, panic };
  }
  throw new ChimeraError(
    "panic-void",
    `the controller shows a panic of head ${showPlace(panic.panic)}, which is not its newest head: no node takes it`,
  );
}
