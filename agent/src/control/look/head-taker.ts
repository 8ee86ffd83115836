/**
 * SHELL. The head that the store shows, with this node's leaf from the controller. A controller that is slow delays the
 * head alone: who asks for a look meanwhile, as for a panic, does not wait for it.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { LeafProof } from "@chimera/proto/signed/world";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import type { Found } from "./read-stored.ts";

export interface HeadTakerParts {
  keeper: TrustKeeper;
  fetchLeaf: (world: WorldId) => Promise<LeafProof>;
}

/** Resolves when the head was judged, or when `asked` does; its leaf is fetched on then. */
export type HeadTaker = (found: Found<Envelope>, asked: Promise<void>) => Promise<void>;

/** The newest head that waits for its leaf. */
interface Fetching {
  world: WorldId;
  envelope: Envelope;
  done: Promise<void>;
}

export function createHeadTaker({ keeper, fetchLeaf }: HeadTakerParts): HeadTaker {
  let fetching: Fetching | null = null;

  const fetchAndTake = async (mine: Fetching): Promise<void> => {
    const fetched = await tryFetch(fetchLeaf, mine.world);
    // Another head came meanwhile: this one is no news any more.
    if (fetching !== mine) return;
    fetching = null;
    const { envelope } = mine;
    if (!(fetched instanceof ChimeraError)) {
      keeper.take({ kind: "head", envelope, proof: fetched });
      return;
    }
    const reason = errorChain(fetched);
    keeper.refuse({ document: "head", code: fetched.code, reason, signedBy: [], envelope });
  };
  const fetchFor = (envelope: Envelope, world: WorldId): Promise<void> => {
    if (fetching?.world === world) {
      fetching.envelope = envelope;
      return fetching.done;
    }
    const mine: Fetching = { world, envelope, done: Promise.resolve() };
    fetching = mine;
    mine.done = fetchAndTake(mine);
    return mine.done;
  };
  return async (found, asked) => {
    if (found.kind === "malformed") keeper.refuseMalformed("head", found.reason);
    if (found.kind !== "found") return;
    const envelope = found.value;
    const verdict = keeper.take({ kind: "head", envelope, proof: null });
    const kept = verdict.kind === "needs-leaf" ? keptProof(keeper, verdict.world) : null;
    if (kept !== null) keeper.take({ kind: "head", envelope, proof: kept });
    if (verdict.kind === "needs-leaf" && kept === null) {
      await Promise.race([fetchFor(envelope, verdict.world), asked]);
    } else {
      fetching = null;
    }
  };
}

async function tryFetch(
  fetchLeaf: HeadTakerParts["fetchLeaf"],
  world: WorldId,
): Promise<LeafProof | ChimeraError> {
  try {
    return await fetchLeaf(world);
  } catch (error) {
    if (error instanceof ChimeraError) return error;
    throw error;
  }
}

/** Back to a world that was accepted before, no controller is needed. */
function keptProof(keeper: TrustKeeper, world: WorldId): LeafProof | null {
  return keeper.state()?.leaves.findLast((leaf) => leaf.world === world)?.proof ?? null;
}
