/** SHELL. What proves a single leaf: its way up to the root of a world, and its closure list. Checked by whoever asked. */
import type { Digest, NodeName, WorldId } from "@chimera/proto/names";
import { ClosureList } from "@chimera/proto/signed/closure";
import { LeafProof } from "@chimera/proto/signed/world";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface ProofApi {
  leafProof(world: WorldId, node: NodeName): Promise<LeafProof>;
  closure(digest: Digest): Promise<ClosureList>;
}

export function createProofApi(send: Send, cache: Send): ProofApi {
  return {
    leafProof: (world, node) =>
      ask(send, { method: "GET", path: `/v1/worlds/${world}/leaves/${node}` }, LeafProof),
    closure: (digest) => ask(cache, { method: "GET", path: `/cache/closure/${digest}` }, ClosureList),
  };
}
