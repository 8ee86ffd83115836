/** SHELL. /cache: the binary cache as Nix speaks it (GET, HEAD, PUT), and closure lists beside it. */
import { ChimeraError } from "@chimera/proto/errors";
import { Digest } from "@chimera/proto/names";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import { isForeignNarFile, isNarFile, parseNarinfoName } from "../../cache/cache-names.ts";
import { cacheInfo, type PutResult } from "../../cache/cache-store.ts";
import { sendFile, type FileToSend } from "../../cache/send-file.ts";
import { requirePermission } from "../access.ts";
import { createGate } from "../gate.ts";
import type { Env, Services } from "../services.ts";

type Kind = "narinfo" | "nar" | "closure";

export function cacheRoutes({ cache, closures, config, metrics, log }: Services): Hono<Env> {
  const router = new Hono<Env>();
  const downloads = createGate(config.limits.downloads);
  const uploads = createGate(config.limits.uploads);
  const mayRead = requirePermission("cache-read");
  const mayWrite = requirePermission("cache-write");
  async function send(c: Context<Env>, kind: Kind, file: FileToSend | undefined) {
    const sent = file === undefined ? undefined : await downloads(() => sendFile(file, c.env));
    metrics.cacheRead(kind, sent);
    return sent === undefined ? notThere() : RESPONSE_ALREADY_SENT;
  }
  async function store(kind: Kind, name: string, work: () => Promise<PutResult>) {
    const result = await uploads(work);
    metrics.cacheWritten(kind);
    log.debug({ kind, name, result }, "cache file stored");
    return new Response(null, { status: result === "created" ? 201 : 200 });
  }
  router.get("/nix-cache-info", mayRead, (c) =>
    c.text(cacheInfo, 200, { "Content-Type": "text/x-nix-cache-info" }),
  );
  router.get("/nar/:file", mayRead, (c) => {
    const file = c.req.param("file");
    const found = isNarFile(file)
      ? { path: cache.narPath(file), tag: file, type: "application/x-nix-nar" }
      : undefined;
    return send(c, "nar", found);
  });
  router.put("/nar/:file", mayWrite, (c) => {
    const file = requireNarFile(c.req.param("file"));
    return store("nar", file, () => cache.putNar(file, c.env.incoming));
  });
  router.get("/closure/:digest", mayRead, (c) => {
    const digest = Digest.safeParse(c.req.param("digest")).data;
    const found = digest && { path: closures.path(digest), tag: digest, type: "application/json" };
    return send(c, "closure", found);
  });
  router.put("/closure/:digest", mayWrite, (c) => {
    const digest = Digest.safeParse(c.req.param("digest")).data;
    if (digest === undefined) throw illegalName(c.req.param("digest"));
    return store("closure", digest, () => closures.put(digest, c.env.incoming));
  });
  router.get("/:name", mayRead, (c) => {
    const hash = parseNarinfoName(c.req.param("name"));
    const found = hash && { path: cache.narinfoPath(hash), tag: hash, type: "text/x-nix-narinfo" };
    return send(c, "narinfo", found === "" ? undefined : found);
  });
  router.put("/:name", mayWrite, (c) => {
    const hash = parseNarinfoName(c.req.param("name"));
    if (hash === undefined) throw illegalName(c.req.param("name"));
    return store("narinfo", hash, () => cache.putNarinfo(hash, c.env.incoming));
  });
  return router;
}

/** Nix reads only the status; it must not keep the answer, for the path may come. */
function notThere(): Response {
  return new Response("404 not found\n", {
    status: 404,
    headers: {
      "Content-Type": "text/plain",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    },
  });
}

function requireNarFile(file: string): string {
  if (isNarFile(file)) return file;
  if (isForeignNarFile(file)) {
    throw new ChimeraError("input-invalid", `nar/${file}: push with ?compression=zstd (or none)`);
  }
  throw illegalName(`nar/${file}`);
}

function illegalName(name: string): ChimeraError {
  return new ChimeraError("input-invalid", `"${name.slice(0, 128)}" is not a file name of this cache`);
}
