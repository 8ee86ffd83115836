/** SHELL. What follows once a document is published: it is no proposal any more, and nodes hear that there is news. */
import type { Digest } from "@chimera/proto/names";
import type { FleetStore } from "../store/fleet-store.ts";

export async function afterStored(
  { proposals, upkeep }: Pick<FleetStore, "proposals" | "upkeep">,
  id: Digest,
): Promise<void> {
  upkeep.wake();
  await proposals.forget(id);
}
