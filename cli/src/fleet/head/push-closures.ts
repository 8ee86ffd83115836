/** SHELL. Closures to the fleet's cache: their lists first, then what they consist of, with its progress shown. */
import type { StorePath } from "@chimera/proto/names";
import { closureDigest, sortClosure, type ClosureEntry } from "@chimera/proto/signed/closure";
import pLimit from "p-limit";
import type { ApiClient } from "../../api/api-client.ts";
import { checkedCacheKeyFile, readToken, type NamedContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { push, type Pushed } from "../../nix/push.ts";
import { createPushView } from "../report/push-view.ts";

const listsAtOnce = 4;

export interface CacheTarget {
  api: ApiClient;
  context: NamedContext;
  json: boolean;
}

/** What is there already is not sent again. Throws what the cache refuses, with its code. */
export async function pushClosures(
  io: Io,
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>,
  { api, context, json }: CacheTarget,
): Promise<void> {
  const limit = pLimit(listsAtOnce);
  await Promise.all(
    [...closures.values()].map((entries) =>
      limit(() => api.putClosure(closureDigest(entries), { v: 1, entries: sortClosure(entries) })),
    ),
  );
  const view = await createPushView(io, json);
  let pushed: Pushed | undefined;
  try {
    pushed = await push(io, closures, {
      api,
      controller: context.controller.replace(/\/+$/u, ""),
      token: await readToken(context, "cache"),
      cacheKeyFile: await checkedCacheKeyFile(context),
      onProgress: (progress) => view.update(progress),
    });
  } finally {
    view.end(pushed);
  }
}
