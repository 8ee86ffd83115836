/** PURE. The one order of everything that can change a fleet: (epoch, serial, rank). A head has rank 0, its panic rank 1. */
import { z } from "zod";
import { Count } from "../names.ts";

export const Place = z.object({
  epoch: Count,
  serial: Count,
  rank: z.int().min(0).max(1).default(0),
});
export type Place = z.infer<typeof Place>;

/** A place whose rank, when it is not said, is that of a head. */
export interface PlaceLike {
  epoch: number;
  serial: number;
  rank?: number;
}

/** Nobody may jump further; only root, by a higher epoch, resets. */
export const maxSerialJump = 10_000;

/** Negative when a comes before b. */
export function comparePlace(a: PlaceLike, b: PlaceLike): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.serial !== b.serial) return a.serial - b.serial;
  return (a.rank ?? 0) - (b.rank ?? 0);
}

/** As people read it: `0.17`, and `0.17+panic` for the panic that undoes it. */
export function showPlace({ epoch, serial, rank = 0 }: PlaceLike): string {
  return `${epoch}.${serial}${rank === 1 ? "+panic" : ""}`;
}
