/** PURE. Where the accepted documents were lost with their file, the journal still knows what was begun: nothing below it. */
import { newestOf, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { refused, type Refused } from "@chimera/proto/acceptance/verdict";
import type { Digest } from "@chimera/proto/names";
import { comparePlace, maxSerialJump, showPlace, type Place } from "@chimera/proto/signed/place";

export type Floor = (Place & { id: Digest }) | null;

/** `next` is the state that a head or panic would lead to; null when it may. */
export function refuseBelow(next: TrustState, floor: Floor, signedBy: readonly string[]): Refused | null {
  const newest = newestOf(next);
  if (floor === null || newest === null) return null;
  const { place, id } = newest;
  const [own, begun] = [showPlace(place), showPlace(floor)];
  const order = comparePlace(place, floor);
  if (order < 0) return refused("order-stale", `${own} is below ${begun}, which was begun here`, signedBy);
  // Two documents may ask for one way back.
  if (order === 0 && place.rank === 0 && id !== floor.id) {
    return refused("order-equivocation", `${own} is not the document that was begun here`, signedBy);
  }
  const isJump = place.epoch === floor.epoch && place.serial - floor.serial > maxSerialJump;
  return isJump ? refused("order-jump", `${own} is too far above ${begun}`, signedBy) : null;
}
