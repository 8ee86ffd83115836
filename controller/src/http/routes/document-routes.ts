/** SHELL. /v1/panic, /v1/quarantine, /v1/orders, /v1/rollout/ask: signed documents beside the head. */
import {
  DocumentFound,
  DocumentStored,
  OrderResult,
  PanicReleased,
  PutDocument,
  ReleasePanic,
  StandingOrders,
} from "@chimera/proto/api";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { publishAsk } from "../publish-ask.ts";
import { publishOrder, publishQuarantine } from "../publish-order.ts";
import { keepPanicReady, publishPanic } from "../publish-panic.ts";
import { releasePanic } from "../release-panic.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const write = { body: jsonBody(PutDocument) };

const putPanic = createRoute({
  method: "put",
  path: "/v1/panic",
  summary: "Undo the newest head: store a signed panic, which nodes act on at once.",
  middleware: [requirePermission("operate")] as const,
  request: write,
  responses: answers(DocumentStored, "The stored panic: another one that does the same may have been first."),
});

const getReady = createRoute({
  method: "get",
  path: "/v1/panic/ready",
  summary: "The panic that was signed in advance for the newest head; PUT /v1/panic releases it.",
  middleware: [requirePermission("operate")] as const,
  responses: answers(DocumentFound, "The panic, or null."),
});

const putReady = createRoute({
  method: "put",
  path: "/v1/panic/ready",
  summary: "Keep a panic for the newest head where operators find it; no node sees it.",
  middleware: [requirePermission("operate")] as const,
  request: write,
  responses: answers(DocumentStored, "Where it is kept."),
});

const postRelease = createRoute({
  method: "post",
  path: "/v1/panic/release",
  summary:
    "Undo the newest head by the panic that lies ready for it: what a button calls. Pressed twice it undoes once.",
  middleware: [requirePermission("operate")] as const,
  request: { body: jsonBody(ReleasePanic) },
  responses: answers(PanicReleased, "The panic that stands now, or would (dryRun)."),
});

const getQuarantine = createRoute({
  method: "get",
  path: "/v1/quarantine",
  summary: "The newest quarantine list of the fleet.",
  middleware: [requirePermission("read")] as const,
  responses: answers(DocumentFound, "The order, or null."),
});

const putQuarantine = createRoute({
  method: "put",
  path: "/v1/quarantine",
  summary: "Store the next quarantine list: the whole list, with a higher serial.",
  middleware: [requirePermission("operate")] as const,
  request: write,
  responses: answers(DocumentStored, "Where it is stored."),
});

const getOrders = createRoute({
  method: "get",
  path: "/v1/orders",
  summary: "Orders that nodes which were away shall still carry out.",
  middleware: [requirePermission("read")] as const,
  responses: answers(StandingOrders, "The orders whose time is not over."),
});

const postOrder = createRoute({
  method: "post",
  path: "/v1/orders",
  summary: "Carry a signed order to its nodes; silent ones get it when they come back.",
  middleware: [requirePermission("operate")] as const,
  request: write,
  responses: answers(OrderResult, "What became of it on each node within two seconds."),
});

const putAsk = createRoute({
  method: "put",
  path: "/v1/rollout/ask",
  summary: "Ask the lead of the newest rollout to pause, to go on, or to take it back.",
  middleware: [requirePermission("operate")] as const,
  request: write,
  responses: answers(
    DocumentStored,
    "Where it is stored. The rollout's record names the nonce that was answered.",
  ),
});

export function documentRoutes(services: Services): OpenAPIHono<Env> {
  const { store } = services;
  const router = createRouter();
  router.openapi(putPanic, async (c) =>
    c.json(await publishPanic(services, c.req.valid("json"), c.get("act")), 200),
  );
  router.openapi(getReady, async (c) => {
    const ready = await store.documents.panicReady();
    return c.json({ envelope: ready?.envelope ?? null } satisfies DocumentFound, 200);
  });
  router.openapi(putReady, async (c) =>
    c.json(await keepPanicReady(services, c.req.valid("json"), c.get("act")), 200),
  );
  router.openapi(postRelease, async (c) =>
    c.json(
      await releasePanic(services, c.req.valid("json"), { caller: c.get("caller"), act: c.get("act") }),
      200,
    ),
  );
  router.openapi(getQuarantine, async (c) => {
    await store.documents.read();
    const { list } = await store.orders.quarantine();
    return c.json({ envelope: list?.envelope ?? null } satisfies DocumentFound, 200);
  });
  router.openapi(putQuarantine, async (c) =>
    c.json(await publishQuarantine(services, c.req.valid("json"), c.get("act")), 200),
  );
  router.openapi(getOrders, async (c) => {
    await store.documents.read();
    const orders = (await store.orders.standing()).map(({ envelope }) => envelope);
    return c.json({ v: 1, orders } satisfies StandingOrders, 200);
  });
  router.openapi(putAsk, async (c) =>
    c.json(await publishAsk(services, c.req.valid("json"), c.get("act")), 200),
  );
  router.openapi(postOrder, async (c) =>
    c.json(await publishOrder(services, c.req.valid("json"), c.get("act")), 200),
  );
  return router;
}
