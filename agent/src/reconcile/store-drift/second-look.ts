/**
 * PURE. What differs at one look may be over at the next: a disk that failed once, or a folder that `nix-store --optimise` makes writable
 * for a moment. A difference counts when a second look, some time later, finds it too. All times are monotonic.
 */
import type { DriftItem } from "@chimera/proto/drift";
import { handsOutRights } from "./judge-path.ts";

/** Between the two looks, in ms. */
export interface SecondLook {
  bytesMs: number;
  metadataMs: number;
}

export const secondLook: SecondLook = { bytesMs: 2_000, metadataMs: 60_000 };

/** Metadata that is wrong at every look counts after so many times the wait, though each look finds it wrong otherwise. */
const mostWaits = 10;

const deferMs = 5_000;

interface Sighting {
  what: "bytes" | "metadata";
  detail: string;
  firstMs: number;
  /** Since then each look found the same. */
  sameMs: number;
  isConfirmed: boolean;
  nextMs: number;
}

/** A path to look at again; `isRead` where only its bytes can tell. */
export interface DueLook {
  path: string;
  isRead: boolean;
}

export interface Sightings {
  /** True once it counts. */
  sight(item: DriftItem, nowMs: number): boolean;
  /** A look that should have been the second one could say nothing: it is tried again a little later. */
  defer(path: string, nowMs: number): void;
  forget(path: string): void;
  clear(): void;
  due(nowMs: number): DueLook[];
  /** When the next second look is due; null where none is. */
  nextMs(): number | null;
}

export function createSightings(waits: SecondLook = secondLook): Sightings {
  const sightings = new Map<string, Sighting>();
  return {
    sight(item, nowMs) {
      const next = nextSighting(sightings.get(item.path), item, { nowMs, waits });
      sightings.set(item.path, next);
      return next.isConfirmed;
    },
    defer(path, nowMs) {
      const sighting = sightings.get(path);
      if (sighting !== undefined) sightings.set(path, { ...sighting, nextMs: nowMs + deferMs });
    },
    forget(path) {
      sightings.delete(path);
    },
    clear() {
      sightings.clear();
    },
    due: (nowMs) =>
      [...sightings].flatMap(([path, { what, nextMs, isConfirmed }]) =>
        isConfirmed || nextMs > nowMs ? [] : [{ path, isRead: what === "bytes" }],
      ),
    nextMs: () =>
      earliest([...sightings.values()].flatMap(({ nextMs, isConfirmed }) => (isConfirmed ? [] : [nextMs]))),
  };
}

export function earliest(times: readonly number[]): number | null {
  return times.length === 0 ? null : times.reduce((least, time) => Math.min(least, time));
}

/** Of wrong bytes it does not matter how they are wrong. */
function sightOf({ kind, found }: DriftItem): Pick<Sighting, "what" | "detail"> {
  return kind === "store-metadata"
    ? { what: "metadata", detail: found.detail ?? "" }
    : { what: "bytes", detail: "" };
}

function nextSighting(
  known: Sighting | undefined,
  item: DriftItem,
  { nowMs, waits }: { nowMs: number; waits: SecondLook },
): Sighting {
  const { what, detail } = sightOf(item);
  const waitMs = what === "metadata" ? waits.metadataMs : waits.bytesMs;
  const first = {
    what,
    detail,
    firstMs: nowMs,
    sameMs: nowMs,
    isConfirmed: handsOutRights(item),
    nextMs: nowMs + waitMs,
  } as const;
  if (known?.what !== what) return first;
  const { firstMs } = known;
  const sameMs = known.detail === detail ? known.sameMs : nowMs;
  const isOld = nowMs - sameMs >= waitMs || nowMs - firstMs >= waitMs * mostWaits;
  return {
    ...first,
    firstMs,
    sameMs,
    isConfirmed: first.isConfirmed || known.isConfirmed || isOld,
    nextMs: sameMs + waitMs,
  };
}
