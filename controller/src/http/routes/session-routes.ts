/** SHELL. /v1/sessions: what runs in sessions of all nodes, what was kept of one, and a viewer's WebSocket. */
import { upgradeWebSocket, type WebSocketLike } from "@hono/node-server";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { KeptPages, SessionList } from "@chimera/proto/sessions/session-api";
import { SessionName } from "@chimera/proto/sessions/session";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { WSEvents } from "hono/ws";
import type { StoredToken } from "../../files/token-file.ts";
import { requirePermission, stillMay, tokenIn } from "../access.ts";
import { attachSocket, tooMany } from "../attach-socket.ts";
import { answers, createRouter } from "../router.ts";
import type { Env, Services } from "../services.ts";

const read = requirePermission("read");
const SessionParam = z.object({ node: NodeName, session: SessionName });

const getSessions = createRoute({
  method: "get",
  path: "/v1/sessions",
  summary: "What nodes said last of their sessions, unchecked: those that run, with ?all=true also others.",
  middleware: [read] as const,
  request: {
    query: z.object({
      all: z.enum(["true", "false"]).default("false"),
      node: NodeName.optional(),
      session: SessionName.optional(),
    }),
  },
  responses: answers(SessionList, "By node and name."),
});

const getKept = createRoute({
  method: "get",
  path: "/v1/sessions/{node}/{session}/kept",
  summary: "The newest output of a session as its node left it here, for when that is gone.",
  middleware: [read] as const,
  request: { params: SessionParam },
  responses: answers(
    KeptPages,
    "Pieces in the sequence in which they were written; none for kinds that keep nothing.",
  ),
});

export function sessionRoutes({ store, findToken }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  const seats = createSeats();
  router.openapi(getSessions, (c) => {
    const { all, node, session } = c.req.valid("query");
    const sessions = store.sessions
      .list()
      .filter(
        (one) =>
          (node === undefined || one.node === node) &&
          (session === undefined || one.facts.name === session) &&
          (all === "true" || isRunning(one)),
      );
    return c.json({ sessions } satisfies SessionList, 200);
  });
  router.openapi(getKept, async (c) => c.json(await store.sessions.kept(c.req.valid("param")), 200));
  router.get(
    "/v1/sessions/:node/:session/attach",
    read,
    upgradeWebSocket((c): WSEvents<WebSocketLike> => {
      const at = SessionParam.safeParse(c.req.param());
      if (!at.success) throw new ChimeraError("input-invalid", z.prettifyError(at.error));
      const token = tokenIn(c.req.raw.headers) ?? "";
      const { id } = callerOf(c);
      if (seats.isFull(id)) throw new ChimeraError("overloaded", tooMany);
      const mayRead = () => stillMay({ findToken }, { token, permission: "read" });
      const mayType = () => stillMay({ findToken }, { token, permission: "operate" });
      const begin = () => seats.take(id);
      return attachSocket({ sessions: store.sessions, at: at.data, mayRead, mayType, begin });
    }),
    () => {
      throw new ChimeraError("input-invalid", "this is for a WebSocket: Upgrade: websocket is due");
    },
  );
  return router;
}

/** Of hono's own type, which knows nothing of ours. */
function callerOf(c: Context<Env>): StoredToken {
  return c.get("caller");
}

function isRunning({ facts }: SessionList["sessions"][number]): boolean {
  return facts.state === "running";
}

/** Of one token, and of all: a browser opens one a tab. */
const mostOfOne = 32;
const mostOfAll = 512;

/** Taken when a connection is open: one that never comes to be takes none. */
function createSeats() {
  const taken = new Map<string, number>();
  const isFull = (id: string): boolean => {
    const all = taken.values().reduce((sum, count) => sum + count, 0);
    return (taken.get(id) ?? 0) >= mostOfOne || all >= mostOfAll;
  };
  return {
    isFull,
    take(id: string): (() => void) | null {
      if (isFull(id)) return null;
      taken.set(id, (taken.get(id) ?? 0) + 1);
      return () => {
        const left = (taken.get(id) ?? 1) - 1;
        if (left > 0) taken.set(id, left);
        else taken.delete(id);
      };
    },
  };
}
