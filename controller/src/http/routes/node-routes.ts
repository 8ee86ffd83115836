/** SHELL. /v1/nodes and /v1/events: what is known of each node, and what happened there. */
import { EventList, NodeList, NodeView } from "@chimera/proto/api";
import { BuildStatus } from "@chimera/proto/build-status";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeEventBody, type NodeEventType } from "@chimera/proto/event";
import { NodeName } from "@chimera/proto/names";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const nodeParam = z.object({ node: NodeName });
const eventTypes: NodeEventType[] = NodeEventBody.options.map(({ shape }) => shape.type.value);
const eventQuery = z.object({
  type: z.enum(eventTypes).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
const read = requirePermission("read");

const getNodes = createRoute({
  method: "get",
  path: "/v1/nodes",
  summary: "All nodes by name; a registered node that never spoke is among them.",
  middleware: [read] as const,
  request: { query: z.object({ envelopes: z.enum(["true", "false"]).default("false") }) },
  responses: answers(NodeList, "The nodes; with ?envelopes=true also what each one signed."),
});

const getNode = createRoute({
  method: "get",
  path: "/v1/nodes/{node}",
  summary: "All that is known of one node.",
  middleware: [read] as const,
  request: { params: nodeParam },
  responses: answers(NodeView, "The node."),
});

const getNodeEvents = createRoute({
  method: "get",
  path: "/v1/nodes/{node}/events",
  summary: "Events of one node, newest first.",
  middleware: [read] as const,
  request: { params: nodeParam, query: eventQuery },
  responses: answers(EventList, "The events."),
});

const getEvents = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "Events of all nodes, newest first.",
  middleware: [read] as const,
  request: { query: eventQuery },
  responses: answers(EventList, "The events."),
});

const putBuild = createRoute({
  method: "put",
  path: "/v1/nodes/{node}/build",
  summary: "Report how far the build of a node's closure is.",
  middleware: [requirePermission("operate")] as const,
  request: { params: nodeParam, body: jsonBody(BuildStatus) },
  responses: answers(BuildStatus, "The status as it is kept."),
});

export function nodeRoutes({ store, nodes }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  function known(node: NodeName): NodeView {
    const view = store.projection.view(node, nodes());
    if (view === undefined) throw new ChimeraError("node-unknown", `no node ${node}`);
    return view;
  }
  router.openapi(getNodes, (c) => {
    const envelopes = c.req.valid("query").envelopes === "true";
    return c.json({ nodes: store.projection.list(nodes(), { envelopes }) } satisfies NodeList, 200);
  });
  router.openapi(getNode, (c) => c.json(known(c.req.valid("param").node), 200));
  router.openapi(getNodeEvents, async (c) => {
    const { node } = known(c.req.valid("param").node);
    return c.json({ events: await store.events({ node, ...c.req.valid("query") }) } satisfies EventList, 200);
  });
  router.openapi(getEvents, async (c) =>
    c.json({ events: await store.events(c.req.valid("query")) } satisfies EventList, 200),
  );
  router.openapi(putBuild, async (c) => {
    const { node } = known(c.req.valid("param").node);
    const build = c.req.valid("json");
    if (build.node !== node) {
      throw new ChimeraError("input-invalid", `node: the body names ${build.node}, the path ${node}`);
    }
    await store.putBuild(build);
    return c.json(build, 200);
  });
  return router;
}
