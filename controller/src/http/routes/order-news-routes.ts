/** SHELL. /v1/orders/{id}/sessions: what the sessions of an order for a command show on all nodes, as one answer that goes on. */
import { ChimeraError } from "@chimera/proto/errors";
import { Digest } from "@chimera/proto/names";
import { newsType } from "@chimera/proto/sessions/order-news";
import { execSessions, maxCopies } from "@chimera/proto/sessions/session-order";
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission, stillMay, tokenIn } from "../access.ts";
import { newsStream } from "../news-stream.ts";
import { createRouter } from "../router.ts";
import type { Env, Services } from "../services.ts";

const Asked = z.object({ id: Digest, copies: z.coerce.number().int().min(1).max(maxCopies).default(1) });
/** Each may have to be told of all sessions that there are. */
const mostFollowers = 64;

export function orderNewsRoutes({ store, findToken }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  let followers = 0;
  router.get("/v1/orders/:id/sessions", requirePermission("read"), async (c) => {
    const asked = Asked.safeParse({ ...c.req.query(), ...c.req.param() });
    if (!asked.success) throw new ChimeraError("input-invalid", z.prettifyError(asked.error));
    if (followers >= mostFollowers)
      throw new ChimeraError("overloaded", `${mostFollowers} follow orders already: try again later`);
    followers += 1;
    const token = tokenIn(c.req.raw.headers) ?? "";
    const stream = await newsStream({
      begin: (tell) => store.follower.follow(execSessions(asked.data.id, asked.data), tell),
      mayRead: () => stillMay({ findToken }, { token, permission: "read" }),
      onEnd: () => (followers -= 1),
    });
    return new Response(stream, { headers: { "Content-Type": newsType } });
  });
  return router;
}
