/** SHELL. /v1/audit: the audit log as it is stored, and what the online key signed of it. */
import { AuditPage, AuditSigned, maxAuditPage } from "@chimera/proto/audit/audit-api";
import { IsoTime } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import { Envelope } from "@chimera/proto/signed/envelope";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { readJson } from "../../store/read-envelope.ts";
import { requirePermission } from "../access.ts";
import { answers, createRouter } from "../router.ts";
import type { Env, Services } from "../services.ts";

const auditQuery = z.object({
  since: IsoTime.optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(maxAuditPage).default(maxAuditPage),
});

const getAudit = createRoute({
  method: "get",
  path: "/v1/audit",
  summary: "Who changed what, and who was refused: oldest first, from a time on and then page by page.",
  middleware: [requirePermission("read")] as const,
  request: { query: auditQuery },
  responses: answers(AuditPage, "The stored text of each entry, and where the next page begins."),
});

const getCheckpoint = createRoute({
  method: "get",
  path: "/v1/audit/checkpoint",
  summary:
    "The newest word of the controller's online key: in it lies how long the audit log was, and its root.",
  middleware: [requirePermission("read")] as const,
  responses: answers(AuditSigned, "The signed word, or null."),
});

export function auditRoutes({ store, config }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  router.openapi(getAudit, async (c) => {
    const { since, ...query } = c.req.valid("query");
    const sinceMs = since === undefined ? undefined : Date.parse(since);
    return c.json(await store.audit.page({ ...query, sinceMs }), 200);
  });
  router.openapi(getCheckpoint, async (c) => {
    const [newest] = await store.bucket.newest(subjects.desired("fresh", config.fleetId));
    const envelope = newest === undefined ? undefined : readJson(newest, Envelope);
    return c.json({ envelope: envelope ?? null } satisfies AuditSigned, 200);
  });
  return router;
}
