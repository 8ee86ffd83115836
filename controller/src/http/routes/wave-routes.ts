/** SHELL. /v1/waves: who goes in which wave of a rollout, as the head names them by their digests. */
import { ChimeraError } from "@chimera/proto/errors";
import { Digest } from "@chimera/proto/names";
import { WaveList } from "@chimera/proto/rollout/wave-list";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const params = z.object({ digest: Digest });

const putWave = createRoute({
  method: "put",
  path: "/v1/waves/{digest}",
  summary: "Store the list of a wave under its digest.",
  middleware: [requirePermission("operate")] as const,
  request: { params, body: jsonBody(WaveList) },
  responses: answers(z.object({ digest: Digest, size: z.int() }), "Digest and number of nodes."),
});

const getWave = createRoute({
  method: "get",
  path: "/v1/waves/{digest}",
  summary: "The list of a wave. Names and public keys: every node may read it.",
  middleware: [requirePermission("read", "own-leaf")] as const,
  request: { params },
  responses: answers(WaveList, "The nodes in the order in which they go."),
});

export function waveRoutes({ waves }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  router.openapi(putWave, async (c) => {
    const { digest } = c.req.valid("param");
    const list = c.req.valid("json");
    await waves.put(digest, list);
    return c.json({ digest, size: list.nodes.length }, 200);
  });
  router.openapi(getWave, async (c) => {
    const { digest } = c.req.valid("param");
    const list = await waves.get(digest);
    if (list === undefined) throw new ChimeraError("not-found", `no wave ${digest}`);
    return c.json(list, 200);
  });
  return router;
}
