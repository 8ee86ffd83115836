/** SHELL. Checks a world, or one node's part of it, step by step; throws the first thing that does not hold. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName, WorldId } from "@chimera/proto/names";
import type { ClosureList } from "@chimera/proto/signed/closure";
import { proveLeaf, verifyLeaf, type Leaf, type LeafProof } from "@chimera/proto/signed/world";
import pLimit from "p-limit";
import type { KnownHead } from "../documents/fleet-reader.ts";
import { checkClosure } from "./check-closure.ts";
import { checkSize, type CheckedWorld } from "./check-world.ts";

/** Closure lists have up to 100 MB as objects: few of them at once. */
const listsAtOnce = 4;

export interface Signed {
  fleetId: FleetId;
  /** Throws world-unknown when it is null: a world that nobody ordered proves nothing. */
  head: KnownHead | null;
  id: WorldId;
}

/** All leaves of the world, or the one of `node`. */
export function verifySigned(world: CheckedWorld, signed: Signed, node: NodeName | undefined): Leaf[] {
  checkSize(world, requireHead(signed).head);
  if (node === undefined) return world.leaves;
  const proof = proveLeaf(world.leaves, node);
  if (proof === undefined) throw new ChimeraError("node-unknown", `the world has no leaf of ${node}`);
  return [verifyProof(proof, signed, node)];
}

/** By the way up to the root alone: the rest of the world is never fetched. */
export function verifyProof(proof: LeafProof, signed: Signed, node: NodeName): Leaf {
  const { head } = requireHead(signed);
  return verifyLeaf(proof, { world: signed.id, size: head.size, fleetId: signed.fleetId }, node);
}

/** Returns how many different lists were recomputed. */
export async function verifyClosures(
  leaves: readonly Leaf[],
  fetchList: (digest: Digest) => Promise<ClosureList>,
): Promise<number> {
  const limit = pLimit(listsAtOnce);
  const byDigest = Map.groupBy(leaves, ({ closure }) => closure);
  const verified = [...byDigest].map(([digest, own]) =>
    limit(async () => {
      const { entries } = await fetchList(digest).catch((cause: unknown) => {
        const node = own[0]?.node ?? "";
        throw new ChimeraError("closure-unavailable", `the closure list of ${node}`, { cause });
      });
      for (const leaf of own) checkClosure(leaf, entries);
    }),
  );
  await Promise.all(verified);
  return byDigest.size;
}

function requireHead({ head, id }: Signed): KnownHead {
  if (head !== null) return head;
  throw new ChimeraError(
    "world-unknown",
    `no signed head orders world ${id}: its size and its being meant are unproven`,
  );
}
