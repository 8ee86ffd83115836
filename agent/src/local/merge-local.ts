/**
 * PURE. What of root's own orders counts now. They may only deny or last for a while, so whatever makes a clock doubtful
 * ends them: the node then goes to what is signed.
 */
import type { Hold } from "@chimera/proto/acceptance/trust-state";
import { maxLocalSeconds, type LocalOrder, type LocalState } from "@chimera/proto/local-order";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";

export interface LocalSight {
  /** Of the newest document that the node accepted; null where there is none. */
  place: Place | null;
  nowMs: number;
}

/** The order while it counts; null when it is over, or something newer is signed. */
export function activeLocalOrder({ order }: LocalState, sight: LocalSight): LocalOrder | null {
  return order === null || reasonOfEnd(order, sight) !== null ? null : order;
}

/** An order that is still kept though it counts no more, and why; whoever reports that forgets it then. */
export function endedLocalOrder(
  { order }: LocalState,
  sight: LocalSight,
): { order: LocalOrder; reason: string } | null {
  const reason = order === null ? null : reasonOfEnd(order, sight);
  return order === null || reason === null ? null : { order, reason };
}

function reasonOfEnd(order: LocalOrder, { place, nowMs }: LocalSight): string | null {
  const { base, createdAt, until } = order;
  if (place !== null && comparePlace(place, base) > 0) return `${showPlace(place)} was accepted`;
  if (nowMs >= Date.parse(until)) return "its time is over";
  // Nobody knows how much of its span has passed already: it must not last longer than that.
  if (nowMs < Date.parse(createdAt)) return `the clock went back before ${createdAt}, when it was given`;
  const lastsMs = Date.parse(until) - Date.parse(createdAt);
  return lastsMs > maxLocalSeconds * 1000 ? "it was to last longer than any may" : null;
}

/** Root's own hold while it counts. */
export function activeLocalHold({ hold }: LocalState, nowMs: number): Hold | null {
  if (hold === null) return null;
  const leftMs = Date.parse(hold.until) - nowMs;
  // More than any hold lasts is left only when the clock went back.
  return leftMs > 0 && leftMs <= maxLocalSeconds * 1000 ? hold : null;
}

/** `signed` is the one that counts now, or null; of `local` that is found out here. Both stop what either stops. */
export function mergeHolds(signed: Hold | null, local: Hold | null, nowMs: number): Hold | null {
  const own = activeLocalHold({ v: 1, order: null, hold: local }, nowMs);
  if (signed === null || own === null) return signed ?? own;
  const isSignedLonger = Date.parse(signed.until) >= Date.parse(own.until);
  const [first, last] = isSignedLonger ? [own, signed] : [signed, own];
  return {
    until: last.until,
    drift: first.drift || last.drift,
    evenPanic: first.evenPanic || last.evenPanic,
    author: `${first.author.slice(0, 100)} until ${first.until}, and ${last.author.slice(0, 100)}`,
    reason: [first.reason.slice(0, 511), last.reason.slice(0, 511)].filter((text) => text !== "").join("; "),
  };
}
