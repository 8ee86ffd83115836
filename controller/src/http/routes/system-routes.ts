/** SHELL. /healthz, /readyz, /metrics: what machines ask. */
import { isIP } from "node:net";
import { Hono } from "hono";
import { authenticate, requirePermission } from "../access.ts";
import type { Env, Services } from "../services.ts";

export function systemRoutes(services: Services): Hono<Env> {
  const { store, natsConnected, metrics } = services;
  const router = new Hono<Env>();
  router.get("/healthz", (c) => c.json({ ok: true }));
  router.get("/readyz", (c) => {
    const ready = store.ready();
    return c.json({ ready, nats: natsConnected() }, ready ? 200 : 503);
  });
  const viewer = [authenticate(services), requirePermission("read")] as const;
  router.use("/metrics", (c, next) => {
    const remote = c.env.incoming.socket.remoteAddress ?? "";
    const headers = c.req.header();
    if (isLoopback(remote) && !isForwarded(headers) && isForThisMachine(headers)) return next();
    const [first, second] = viewer;
    return first(c, async () => void (await second(c, next)));
  });
  router.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType }),
  );
  return router;
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

/** A page's own name may be made to lead here; then the browser on this machine would ask for it, and it may read the answer. */
function isForThisMachine({ host = "" }: Record<string, string>): boolean {
  const { hostname } = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : { hostname: "" };
  return hostname === "localhost" || isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/** A proxy on this machine speaks for others. */
function isForwarded(headers: Record<string, string>): boolean {
  return ["forwarded", "x-forwarded-for", "via", "x-real-ip"].some((name) => headers[name] !== undefined);
}
