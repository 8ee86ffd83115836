/** SHELL. The HTTP application: order of the guards, the routes, and the one place where errors become answers. */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { routePath } from "hono/route";
import { secureHeaders } from "hono/secure-headers";
import { authenticate } from "./access.ts";
import { problemResponse, toProblem } from "./problem.ts";
import { createRouter } from "./router.ts";
import { cacheRoutes } from "./routes/cache-routes.ts";
import { fleetRoutes } from "./routes/fleet-routes.ts";
import { nodeRoutes } from "./routes/node-routes.ts";
import { systemRoutes } from "./routes/system-routes.ts";
import { worldRoutes } from "./routes/world-routes.ts";
import type { Env, Services } from "./services.ts";

export function createApp(services: Services) {
  const { log, config, metrics } = services;
  const app = createRouter();
  app.use(timed(metrics));
  app.use("/v1/*", secureHeaders(), noStore);
  app.doc31("/v1/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Chimera controller", version: "1" },
    security: [{ bearer: [] }],
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  app.use("/v1/*", authenticate(services), requireJson);
  app.use("/v1/*", limited(config.limits));
  app.use("/cache/*", authenticate(services));
  app.route("/", fleetRoutes(services));
  app.route("/", worldRoutes(services));
  app.route("/", nodeRoutes(services));
  app.route("/cache", cacheRoutes(services));
  app.route("/", systemRoutes(services));
  app.notFound((c) =>
    problemResponse({ code: "not-found", detail: `nothing at ${c.req.method} ${c.req.path}` }),
  );
  app.onError((error, c) => {
    const problem = toProblem(error);
    const facts = { method: c.req.method, path: c.req.path, error };
    if (errorCodes[problem.code].http === 500) log.error(facts, "request failed");
    else log.debug(facts, "request refused");
    return problemResponse(problem);
  });
  return app;
}

function timed(metrics: Services["metrics"]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    // A file goes straight to the socket: its status is there, not in the response object.
    const status = String(c.env.outgoing.headersSent ? c.env.outgoing.statusCode : c.res.status);
    metrics.request(
      { method: c.req.method, route: routePath(c, -1), status },
      (performance.now() - started) / 1000,
    );
  };
}

const noStore: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  c.res.headers.set("Cache-Control", "no-store");
};

/** Also keeps other sites' forms out: they cannot send this type without asking first. */
const requireJson: MiddlewareHandler<Env> = async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (c.req.method === "PUT" && type !== "application/json") {
    throw new ChimeraError("media-type-wrong", `Content-Type: "${type ?? ""}" where application/json is due`);
  }
  await next();
};

function limited({ jsonBytes, worldBytes }: Services["config"]["limits"]): MiddlewareHandler<Env> {
  const small = guardedBody(jsonBytes);
  const large = guardedBody(worldBytes);
  return (c, next) => (c.req.path.startsWith("/v1/worlds/") ? large(c, next) : small(c, next));
}

function guardedBody(maxSize: number): MiddlewareHandler<Env> {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ChimeraError("body-too-large", `a body may have ${maxSize} bytes here`);
    },
  });
}
