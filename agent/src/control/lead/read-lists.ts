/**
 * SHELL. The lists of a rollout's waves: from this node's own disk, else from the controller, which may be away for as long as it
 * likes. A list is what its digest names, wherever it lay.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { maxWaves } from "@chimera/proto/rollout/rollout-policy";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import { z } from "zod";
import { readDocument } from "../../host/state/documents.ts";
import { writeStateFile } from "../../host/state/state-file.ts";

const againMs = 5_000;

const Kept = z.object({ v: z.literal(1), lists: z.array(WaveList).max(maxWaves) });

export interface ListSource {
  /** `lists.json` lies here: those of the newest rollout. */
  stateDir: string;
  /** Throws ChimeraError where the controller has none that fits its digest. */
  fetch: (digest: Digest) => Promise<WaveList>;
  /** False: nobody needs them any more. */
  isWanted: () => boolean;
  /** A line for people. */
  say: (line: string) => void;
}

/** Null when nobody needs them any more. */
export async function readLists(digests: readonly Digest[], source: ListSource): Promise<WaveList[] | null> {
  const file = join(source.stateDir, "lists.json");
  const kept = readDocument(file, Kept)?.lists ?? [];
  const known = new Map(kept.map((list) => [waveDigest(list), list]));
  while (source.isWanted()) {
    try {
      const lists = await Promise.all(
        digests.map(async (digest) => known.get(digest) ?? source.fetch(digest)),
      );
      writeStateFile(file, { v: 1, lists });
      return lists;
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      source.say(`waits for the lists of the waves: ${errorChain(error)}`);
    }
    await delay(againMs);
  }
  return null;
}
