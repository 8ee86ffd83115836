/** SHELL. /v1/events/page, /v1/documents: what was, for whoever asks for the history of a fleet. */
import { IsoTime, NodeName } from "@chimera/proto/names";
import { DocumentsRevision, EventPage, maxPage, PastDocuments } from "@chimera/proto/past-api";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { answers, createRouter } from "../router.ts";
import type { Env, Services } from "../services.ts";

const eventTypes = /^[a-z0-9-]{1,64}(?:,[a-z0-9-]{1,64}){0,31}$/u;

const pageQuery = z.object({
  since: IsoTime.optional(),
  until: IsoTime.optional(),
  after: z.coerce.number().int().min(0).optional(),
  node: NodeName.optional(),
  /** Separated by commas; also of types that this controller does not know. */
  type: z.string().max(2080).regex(eventTypes, "1 to 32 event types, separated by commas").optional(),
  limit: z.coerce.number().int().min(1).max(maxPage).default(500),
});

const getPage = createRoute({
  method: "get",
  path: "/v1/events/page",
  summary: "Events as the stream took them, oldest first, from a time on and then page by page.",
  middleware: [requirePermission("read")] as const,
  request: { query: pageQuery },
  responses: answers(EventPage, "The page, and where the next one begins."),
});

const getDocuments = createRoute({
  method: "get",
  path: "/v1/documents",
  summary: "Panics, orders and rollout records that the store still keeps, oldest first, unchecked.",
  middleware: [requirePermission("read")] as const,
  responses: answers(PastDocuments, "At most 64 writes of each key."),
});

const getRevision = createRoute({
  method: "get",
  path: "/v1/documents/revision",
  summary: "Where the store of heads and documents is: who follows them reads them again when it has moved.",
  middleware: [requirePermission("read")] as const,
  responses: answers(
    DocumentsRevision,
    "Moves with each write of them, and with each word of the online key.",
  ),
});

export function pastRoutes({ store }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  router.openapi(getPage, async (c) => {
    const { since, until, type, ...query } = c.req.valid("query");
    return c.json(
      await store.eventPage({
        ...query,
        types: type?.split(","),
        sinceMs: since === undefined ? undefined : Date.parse(since),
        untilMs: until === undefined ? undefined : Date.parse(until),
      }),
      200,
    );
  });
  router.openapi(getDocuments, async (c) => c.json(await store.past(), 200));
  router.openapi(getRevision, async (c) => c.json({ revision: await store.bucket.revision() }, 200));
  return router;
}
