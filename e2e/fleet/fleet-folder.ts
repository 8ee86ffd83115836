// SHELL. Where a lab fleet's own things lie between its parts: keys, bundles, staged sources, the seed store.
import { join } from "node:path";
import { inLane } from "../lab/lane.ts";
import { cacheFolder } from "../lab/prepare/cache-folder.ts";

/** Made anew for each fleet. */
export function fleetFolder(...parts: string[]): string {
  return join(cacheFolder(), inLane("fleet"), ...parts);
}

/** Kept between fleets: the store in which first systems are built, a lower layer of every host. */
export function seedFolder(): string {
  return join(cacheFolder(), inLane("fleet-seed"));
}
