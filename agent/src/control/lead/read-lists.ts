/**
 * SHELL. The lists of a rollout's waves: from this node's own disk, else from the controller, which may be away for as long as it
 * likes. A list is what its digest names, wherever it lay.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { maxWaves } from "@chimera/proto/rollout/rollout-policy";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import { z } from "zod";

/** On disk: those of the newest rollout. */
export const KeptLists = z.object({ v: z.literal(1), lists: z.array(WaveList).max(maxWaves) });
export type KeptLists = z.infer<typeof KeptLists>;

export interface ListSource {
  /** Of an earlier run, for whatever rollout. */
  kept: readonly WaveList[];
  keep: (lists: KeptLists) => void;
  /** Throws ChimeraError where the controller has none that fits its digest. */
  fetch: (digest: Digest) => Promise<WaveList>;
  /** False: nobody needs them any more. */
  isWanted: () => boolean;
  /** Between two tries. */
  againMs: number;
  /** A line for people. */
  say: (line: string) => void;
}

/** Null when nobody needs them any more. */
export async function readLists(digests: readonly Digest[], source: ListSource): Promise<WaveList[] | null> {
  const known = new Map(source.kept.map((list) => [waveDigest(list), list]));
  while (source.isWanted()) {
    try {
      const lists = await Promise.all(
        digests.map(async (digest) => known.get(digest) ?? source.fetch(digest)),
      );
      source.keep({ v: 1, lists });
      return lists;
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      source.say(`waits for the lists of the waves: ${errorChain(error)}`);
    }
    await delay(source.againMs);
  }
  return null;
}
