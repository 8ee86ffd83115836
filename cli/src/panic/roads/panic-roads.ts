/** SHELL. All ways that one panic takes. Each that was opened is closed in the end: one that is left keeps the process alive. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../../io.ts";
import { printable } from "../../print/printable.ts";
import { insteadOf, isAway, openRoad, type RoadOptions } from "./open-road.ts";
import type { PanicRoad, Released } from "./panic-road.ts";

export interface PanicRoads {
  open: () => Promise<PanicRoad>;
  /** Sent again by another way where the answer was lost: a panic twice is one. */
  release: (road: PanicRoad, envelope: Envelope) => Promise<{ road: PanicRoad; panic: Released }>;
  /** Who tells of the nodes when `road` does not; itself where nobody else can. */
  next: (road: PanicRoad, leaves: readonly Leaf[]) => Promise<PanicRoad>;
  close: () => Promise<void>;
}

export function createRoads(io: Io, options: RoadOptions): PanicRoads {
  const opened: PanicRoad[] = [];
  const tell = createTell(io);
  const instead = async (road: PanicRoad, leaves: readonly Leaf[] | null): Promise<PanicRoad | null> => {
    const other = await insteadOf(io, { road, leaves }, options);
    if (other === null) return null;
    opened.push(other);
    tell("the controller does not answer any more: straight to NATS");
    return other;
  };
  return {
    async open() {
      const road = await openRoad(io, options);
      opened.push(road);
      return road;
    },
    async release(road, envelope) {
      try {
        return { road, panic: await road.release(envelope) };
      } catch (error) {
        const other = isAway(error) ? await instead(road, null) : null;
        if (other === null) throw error;
        return { road: other, panic: await other.release(envelope) };
      }
    },
    async next(road, leaves) {
      try {
        return (await instead(road, leaves)) ?? road;
      } catch (error) {
        if (!(error instanceof ChimeraError)) throw error;
        tell(`neither the controller answers nor NATS (${printable(errorChain(error))}): asking on`);
        return road;
      }
    },
    async close() {
      await Promise.all(opened.map((road) => road.close()));
    },
  };
}

/** The same again is no news. */
function createTell(io: Io): (text: string) => void {
  let last = "";
  return (text) => {
    if (text !== last) io.err(`chimera: ${text}\n`);
    last = text;
  };
}
