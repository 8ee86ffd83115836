/** SHELL. Lists of waves by their digest; a stored one never changes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import { isNoEntry } from "../files/durable-file.ts";
import { putText, type PutResult } from "./cache-store.ts";

export interface WaveStore {
  /** Throws hash-mismatch when the digest is not the list's. */
  put(digest: Digest, list: WaveList): Promise<PutResult>;
  get(digest: Digest): Promise<WaveList | undefined>;
}

export function openWaveStore(directory: string): WaveStore {
  const path = (digest: Digest) => join(directory, "waves", `${digest}.json`);
  return {
    async put(digest, list) {
      const found = waveDigest(list);
      if (found !== digest) throw new ChimeraError("hash-mismatch", `wave ${digest}: the list has ${found}`);
      return putText({ path: path(digest), temporary: join(directory, "tmp"), text: JSON.stringify(list) });
    },
    async get(digest) {
      try {
        return WaveList.parse(JSON.parse(await readFile(path(digest), "utf8")));
      } catch (cause) {
        if (isNoEntry(cause)) return undefined;
        throw new ChimeraError("state-invalid", path(digest), { cause });
      }
    },
  };
}
