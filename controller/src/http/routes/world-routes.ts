/** SHELL. /v1/worlds: immutable desired states, and each node's provable part of them. */
import { PutWorldResult } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName, WorldId } from "@chimera/proto/names";
import { LeafProof, World } from "@chimera/proto/signed/world";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const idParam = z.object({ id: WorldId });

const putWorld = createRoute({
  method: "put",
  path: "/v1/worlds/{id}",
  summary: "Store a world under its Merkle root.",
  middleware: [requirePermission("operate")] as const,
  request: { params: idParam, body: jsonBody(World) },
  responses: answers(PutWorldResult, "Id and number of leaves."),
});

const getWorld = createRoute({
  method: "get",
  path: "/v1/worlds/{id}",
  summary: "A whole world.",
  middleware: [requirePermission("read")] as const,
  request: { params: idParam },
  responses: answers(World, "The world, leaves sorted by node."),
});

const getLeaf = createRoute({
  method: "get",
  path: "/v1/worlds/{id}/leaves/{node}",
  summary: "One leaf and its proof; a node's token gets only its own.",
  middleware: [requirePermission("read", "own-leaf")] as const,
  request: { params: z.object({ id: WorldId, node: NodeName }) },
  responses: answers(LeafProof, "Leaf and proof."),
});

export function worldRoutes({ worlds, log }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  router.openapi(putWorld, async (c) => {
    const { id } = c.req.valid("param");
    const { leaves } = await worlds.put(id, c.req.valid("json"));
    log.info({ world: id, size: leaves.length }, "world stored");
    return c.json({ id, size: leaves.length } satisfies PutWorldResult, 200);
  });
  router.openapi(getWorld, async (c) => {
    const { id } = c.req.valid("param");
    const world = await worlds.get(id);
    if (world === undefined) throw new ChimeraError("world-unknown", `no world ${id}`);
    return c.json(world, 200);
  });
  router.openapi(getLeaf, async (c) => {
    const { id, node } = c.req.valid("param");
    const caller = c.get("caller");
    if (caller.role === "node" && caller.node !== node) {
      throw new ChimeraError(
        "role-forbidden",
        `the token of ${caller.node ?? "?"} may not read ${node}'s leaf`,
      );
    }
    return c.json(await worlds.prove(id, node), 200);
  });
  return router;
}
