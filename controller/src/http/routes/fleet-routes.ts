/** SHELL. /v1/fleet, /v1/head, /v1/heads: what the fleet shall run, now and before. */
import { FleetView, HeadList, PutHead, StoredHead } from "@chimera/proto/api";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { publishHead } from "../publish-head.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const getFleet = createRoute({
  method: "get",
  path: "/v1/fleet",
  summary: "All that decides what the fleet shall run, and the revision that the next head must name.",
  middleware: [requirePermission("read")] as const,
  responses: answers(FleetView, "The fleet."),
});

const putHead = createRoute({
  method: "put",
  path: "/v1/head",
  summary: "Publish a signed head, by compare-and-set. Sending the newest head again changes nothing.",
  middleware: [requirePermission("operate")] as const,
  request: { body: jsonBody(PutHead) },
  responses: answers(StoredHead, "The head as it is stored."),
});

const getHeads = createRoute({
  method: "get",
  path: "/v1/heads",
  summary: "Stored heads, newest first.",
  middleware: [requirePermission("read")] as const,
  responses: answers(HeadList, "At most 64 heads."),
});

export function fleetRoutes(services: Services): OpenAPIHono<Env> {
  const { config, store } = services;
  const router = createRouter();
  router.openapi(getFleet, async (c) => {
    const { keys, heads, headRevision, panic, rollout } = await store.documents.read();
    const view: FleetView = {
      fleetId: config.fleetId,
      head: heads[0] ?? null,
      revision: headRevision,
      panic,
      rollout,
      keys: keys.set.version,
    };
    return c.json(view, 200);
  });
  router.openapi(putHead, async (c) =>
    c.json(await publishHead(services, c.req.valid("json"), c.get("act")), 200),
  );
  router.openapi(getHeads, async (c) => {
    const { heads } = await store.documents.read();
    return c.json({ heads: heads.slice(0, 64) } satisfies HeadList, 200);
  });
  return router;
}
