/** SHELL. Worlds: named by what they contain, so one that was fetched stays right and is asked for once. */
import { PutWorldResult, WorldBody } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import type { World } from "@chimera/proto/signed/world";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface WorldApi {
  /** Whoever asks checks that it is the world of that name. */
  world(id: string): Promise<World>;
  putWorld(id: string, world: World): Promise<void>;
  /** Whoever asks checks that it is the list of that digest. */
  wave(digest: string): Promise<WaveList>;
  /** Under its digest, before a head names it. */
  putWave(list: WaveList): Promise<void>;
}

export function createWorldApi(send: Send, upload: Send): WorldApi {
  const fetched = new Map<string, Promise<World>>();
  return {
    world: (id) => {
      const known = fetched.get(id);
      if (known !== undefined) return known;
      const world = ask(send, { method: "GET", path: `/v1/worlds/${id}` }, WorldBody);
      fetched.set(id, world);
      world.catch(() => fetched.delete(id));
      return world;
    },
    putWorld: async (id, world) => {
      const body = canonicalBytes(world).toString("utf8");
      const result = await ask(upload, { method: "PUT", path: `/v1/worlds/${id}`, body }, PutWorldResult);
      if (result.id !== id)
        throw new ChimeraError("hash-mismatch", `the controller stored world ${result.id}`);
    },
    wave: (digest) => ask(send, { method: "GET", path: `/v1/waves/${digest}` }, WaveList),
    putWave: async (list) => {
      const path = `/v1/waves/${waveDigest(list)}`;
      await upload({ method: "PUT", path, body: canonicalBytes(list).toString("utf8") });
    },
  };
}
