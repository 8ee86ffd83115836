/**
 * SHELL. The wave lists of the newest head that this operator has seen: a controller that lost them takes no head that names them, and no
 * node of a later wave goes. A list is named by its digest, so a copy proves itself.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import type { Head } from "@chimera/proto/signed/head";
import type { ApiClient } from "../api/api-client.ts";
import { readBoundedFile } from "../documents/read-bounded.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";
import { copyFolder } from "./operator-copy.ts";

/** In place of those of any head before. */
export async function keepWaves(io: Io, fleetId: FleetId, lists: readonly WaveList[]): Promise<void> {
  const folder = copyFolder(io, fleetId);
  const files = new Map(lists.map((list) => [nameOf(waveDigest(list)), list]));
  for (const [name, list] of files) await replaceFile(join(folder, name), `${JSON.stringify(list)}\n`);
  const older = (await readdir(folder)).filter(
    (name) => /^wave\.[0-9a-f]{64}\.json$/u.test(name) && !files.has(name),
  );
  for (const name of older) await rm(join(folder, name), { force: true });
}

/** Null where none was kept, or the copy is not that list any more. */
async function keptWave(folder: string, digest: Digest): Promise<WaveList | null> {
  try {
    const list = await readBoundedFile(join(folder, nameOf(digest)), WaveList);
    return waveDigest(list) === digest ? list : null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

/** Of a head that somebody else may have published. What the controller does not have, or shows wrongly, is not kept: others have it. */
export async function rememberWaves(
  io: Io,
  { api, fleetId, head }: { api: Pick<ApiClient, "wave">; fleetId: FleetId; head: Pick<Head, "policy"> },
): Promise<void> {
  const digests = head.policy.rollout?.waves.map(({ list }) => list) ?? [];
  const kept = await Promise.all(digests.map((digest) => isKept(io, fleetId, digest)));
  if (kept.every((is) => is)) return;
  try {
    const lists = await Promise.all(digests.map((digest) => api.wave(digest)));
    const isWhole = lists.every((list, i) => waveDigest(list) === digests[i]);
    if (isWhole) await keepWaves(io, fleetId, lists);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
  }
}

/** Brings the controller the lists that it lacks, from an operator's copy. Throws not-found where that has not kept one either. */
export async function putLostWaves(
  api: Pick<ApiClient, "wave" | "putWave">,
  folder: string,
  head: Head,
): Promise<void> {
  for (const [index, { list: digest }] of (head.policy.rollout?.waves ?? []).entries()) {
    if (await hasWave(api, digest)) continue;
    const list = await keptWave(folder, digest);
    if (list === null) {
      const what = `the controller has lost the list of wave ${index + 1} of head ${head.serial}, and takes no head without it`;
      const file = join(folder, nameOf(digest));
      throw new ChimeraError("not-found", `${what}: bring ${file} from another operator's machine`);
    }
    await api.putWave(list);
  }
}

async function isKept(io: Io, fleetId: FleetId, digest: Digest): Promise<boolean> {
  return stat(join(copyFolder(io, fleetId), nameOf(digest))).then(
    () => true,
    () => false,
  );
}

async function hasWave(api: Pick<ApiClient, "wave">, digest: Digest): Promise<boolean> {
  try {
    return waveDigest(await api.wave(digest)) === digest;
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "not-found") return false;
    throw error;
  }
}

function nameOf(digest: Digest): string {
  return `wave.${digest}.json`;
}
