/** SHELL. The HTTP application: order of the guards, the routes, and the one place where errors become answers. */
import type { HttpBindings } from "@hono/node-server";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Context, Handler, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { addressOf, authenticate, countStrangers } from "./access.ts";
import { audited } from "./audited.ts";
import { problemResponse, toProblem } from "./problem.ts";
import { createRouter } from "./router.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { cacheRoutes } from "./routes/cache-routes.ts";
import { documentRoutes } from "./routes/document-routes.ts";
import { fleetRoutes } from "./routes/fleet-routes.ts";
import { keyRoutes } from "./routes/key-routes.ts";
import { nodeRoutes } from "./routes/node-routes.ts";
import { orderNewsRoutes } from "./routes/order-news-routes.ts";
import { passRoutes } from "./routes/pass-routes.ts";
import { pastRoutes } from "./routes/past-routes.ts";
import { proposalRoutes } from "./routes/proposal-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { systemRoutes } from "./routes/system-routes.ts";
import { waveRoutes } from "./routes/wave-routes.ts";
import { worldRoutes } from "./routes/world-routes.ts";
import { secureUpgrades } from "./security-headers.ts";
import type { Env, Services } from "./services.ts";

export function createApp(services: Services) {
  const { log, config, metrics, asks } = services;
  const app = createRouter();
  const audit = audited(services);
  app.use(timed(metrics), secureUpgrades);
  app.use("/v1/*", noStore);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  app.get("/v1/openapi.json", countStrangers(services), describedOnce(app));
  for (const path of ["/v1/*", "/cache/*", "/metrics"]) app.use(path, audit);
  app.use("/v1/*", authenticate(services), ownOrigin, requireJson, limited(config.limits));
  app.use("/cache/*", authenticate(services), ownOrigin);
  app.route("/", fleetRoutes(services));
  app.route("/", keyRoutes(services));
  app.route("/", documentRoutes(services));
  app.route("/", proposalRoutes(services));
  app.route("/", worldRoutes(services));
  app.route("/", waveRoutes(services));
  app.route("/", nodeRoutes(services));
  app.route("/", passRoutes(services));
  app.route("/", pastRoutes(services));
  app.route("/", sessionRoutes(services));
  app.route("/", orderNewsRoutes(services));
  app.route("/", auditRoutes(services));
  app.route("/cache", cacheRoutes(services));
  app.route("/", systemRoutes(services));
  app.notFound(async (c) => {
    if (c.get("caller") === undefined) await asks.stranger(addressOf(c));
    return problemResponse({ code: "not-found", detail: `nothing at ${c.req.method} ${c.req.path}` });
  });
  app.onError((error, c) => {
    const problem = toProblem(error);
    const facts = { method: c.req.method, path: c.req.path, code: problem.code, error };
    if (errorCodes[problem.code].http === 500) log.error(facts, "request failed");
    else if (isRefusedWrite(c)) log.warn({ ...facts, ...callerOf(c) }, "write refused");
    else log.debug(facts, "request refused");
    return problemResponse(problem);
  });
  return app;
}

/** Who tried to change something stays on record, also when nothing came of it. */
function isRefusedWrite({ req }: Context<Env>): boolean {
  return !["GET", "HEAD", "OPTIONS"].includes(req.method);
}

/** Nothing where the token itself was refused. */
function callerOf(c: Context<Env>): { caller?: string; role?: string } {
  const caller: Env["Variables"]["caller"] | undefined = c.get("caller");
  return caller === undefined ? {} : { caller: caller.name, role: caller.role };
}

/** Made when it is first asked for: it takes 30 ms, and everybody may ask. */
function describedOnce(app: ReturnType<typeof createRouter>): Handler<Env> {
  const make = () =>
    app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "Chimera controller", version: "1" },
      security: [{ bearer: [] }],
    });
  let made: ReturnType<typeof make> | undefined;
  return (c) => c.json((made ??= make()));
}

function timed(metrics: Services["metrics"]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    // A file goes straight to the socket: its status is there, not in the response object.
    // Of a WebSocket there is none.
    const { outgoing }: Partial<HttpBindings> = c.env;
    const status = String(outgoing?.headersSent ? outgoing.statusCode : c.res.status);
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

/** A browser says for which site it speaks: another site than this one writes nothing and watches nothing, whatever it knows. */
const ownOrigin: MiddlewareHandler<Env> = async (c, next) => {
  // What a GET answers another site's scripts cannot read; what comes over a WebSocket they can.
  const isRead = ["GET", "HEAD"].includes(c.req.method) && c.req.header("Upgrade") === undefined;
  const site = isRead ? null : foreignSite(c.req.header());
  if (site !== null) throw new ChimeraError("role-forbidden", `nothing is taken from ${site}`);
  await next();
};

/** Either header is enough to be refused: hono's csrf takes what one of them lets pass. Who sends neither is no browser. */
function foreignSite(headers: Record<string, string>): string | null {
  const { origin, host, "sec-fetch-site": relation = "none" } = headers;
  if (origin !== undefined && hostOf(origin) !== host) return `the site ${origin.slice(0, 256)}`;
  return ["same-origin", "none"].includes(relation) ? null : "another site";
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Also keeps other sites' forms out: they cannot send this type without asking first. */
const requireJson: MiddlewareHandler<Env> = async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (["PUT", "POST"].includes(c.req.method) && type !== "application/json") {
    throw new ChimeraError("media-type-wrong", `Content-Type: "${type ?? ""}" where application/json is due`);
  }
  await next();
};

/**
 * The length is to be known beforehand: the body of a caller who may not write here is then never read, and Node itself
 * holds the others to what they declared.
 */
function limited({ jsonBytes, worldBytes }: Services["config"]["limits"]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const isLarge = ["/v1/worlds/", "/v1/waves/"].some((path) => c.req.path.startsWith(path));
    const maxBytes = isLarge ? worldBytes : jsonBytes;
    const declared = c.req.header("Content-Length");
    if (declared === undefined && c.req.header("Transfer-Encoding") !== undefined) {
      throw new ChimeraError("input-invalid", "Content-Length: is due, a body in chunks is not taken here");
    }
    if (Number(declared ?? 0) > maxBytes) {
      throw new ChimeraError("body-too-large", `a body may have ${maxBytes} bytes here`);
    }
    await next();
  };
}
