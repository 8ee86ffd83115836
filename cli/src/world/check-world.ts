/** PURE. Whether a world is what it claims to be; throws the first thing that does not hold, with the node it is about. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type FleetId, type WorldId } from "@chimera/proto/names";
import { Leaf, maxNodes, worldId } from "@chimera/proto/signed/world";
import type { Head } from "@chimera/proto/signed/head";
import { z } from "zod";
import { firstIssues } from "../documents/first-issues.ts";

/** The form without its order: what is out of order is told by name below. */
const WorldForm = z.object({ v: z.literal(1), leaves: z.array(Leaf).min(1).max(maxNodes) });

export interface CheckedWorld {
  id: WorldId;
  leaves: Leaf[];
}

/** Form, order, fleet and root. `id`: what the root must be, where it was named. */
export function checkWorld(world: unknown, expected: { id: WorldId | null; fleetId: FleetId }): CheckedWorld {
  const form = WorldForm.safeParse(world);
  if (!form.success) throw new ChimeraError("input-invalid", `not a world: ${firstIssues(form.error)}`);
  const { leaves } = form.data;
  checkOrder(leaves);
  const foreign = leaves.find(({ fleetId }) => fleetId !== expected.fleetId);
  if (foreign !== undefined) {
    throw new ChimeraError("fleet-mismatch", `the leaf of ${foreign.node} is of fleet ${foreign.fleetId}`);
  }
  const id = worldId(leaves);
  if (expected.id === null || id === expected.id) return { id, leaves };
  throw new ChimeraError(
    "hash-mismatch",
    `the leaves have the root ${id}, not ${expected.id}: a leaf was changed, added or taken away`,
  );
}

/** The head's signature covers the world and how many leaves it has: a proof for another size must not pass. */
export function checkSize({ id, leaves }: CheckedWorld, head: Pick<Head, "world" | "size" | "serial">): void {
  if (head.world !== id) {
    const named = `head ${head.serial} names world ${shortDigest(head.world)}`;
    throw new ChimeraError("hash-mismatch", `${named}, not ${shortDigest(id)}`);
  }
  if (head.size === leaves.length) return;
  throw new ChimeraError(
    "leaf-unproven",
    `head ${head.serial} is signed for ${head.size} leaves, the world has ${leaves.length}`,
  );
}

function checkOrder(leaves: readonly Leaf[]): void {
  for (const [i, { node }] of leaves.entries()) {
    const next = leaves[i + 1];
    if (next === undefined || node < next.node) continue;
    const what = node === next.node ? `node ${node} has two leaves` : `${next.node} stands after ${node}`;
    throw new ChimeraError("input-invalid", `the leaves are not sorted, each node once: ${what}`);
  }
}
