/** SHELL. /v1/keys: who may sign what in this fleet, from the first key set to the newest. */
import { DocumentStored, KeyChain, PutDocument } from "@chimera/proto/api";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { publishKeys } from "../publish-keys.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const getKeys = createRoute({
  method: "get",
  path: "/v1/keys",
  summary: "The fleet's key sets, first to newest: to be walked from the one that the fleet's id names.",
  middleware: [requirePermission("read")] as const,
  responses: answers(KeyChain, "The key sets."),
});

const putKeys = createRoute({
  method: "put",
  path: "/v1/keys",
  summary: "Store the next key set, signed by the newest one's root and by its own.",
  middleware: [requirePermission("operate")] as const,
  request: { body: jsonBody(PutDocument) },
  responses: answers(DocumentStored, "Where it is stored."),
});

export function keyRoutes(services: Services): OpenAPIHono<Env> {
  const { store } = services;
  const router = createRouter();
  router.openapi(getKeys, async (c) => {
    await store.documents.read();
    const keySets = store.keys.current().sets.map(({ envelope }) => envelope);
    return c.json({ keySets } satisfies KeyChain, 200);
  });
  router.openapi(putKeys, async (c) =>
    c.json(await publishKeys(services, c.req.valid("json"), c.get("act")), 200),
  );
  return router;
}
