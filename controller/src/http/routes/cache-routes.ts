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
type Reply = (c: Context<Env>) => Response | Promise<Response>;

/** A closure list is held in memory to be checked; a NAR goes through it. */
const listsAtOnce = 4;

export function cacheRoutes(services: Services): Hono<Env> {
  const router = new Hono<Env>();
  const mayRead = requirePermission("cache-read");
  const mayWrite = requirePermission("cache-write");
  const read = readers(services);
  const write = writers(services);
  router.get("/nix-cache-info", mayRead, (c) =>
    c.text(cacheInfo, 200, { "Content-Type": "text/x-nix-cache-info" }),
  );
  for (const kind of ["nar", "closure"] as const) {
    router.get(`/${kind}/:name`, mayRead, read[kind]);
    router.put(`/${kind}/:name`, mayWrite, write[kind]);
  }
  router.get("/:name", mayRead, read.narinfo);
  router.put("/:name", mayWrite, write.narinfo);
  return router;
}

/** What is not a legal name is simply not there. */
function readers({ cache, closures, config, metrics }: Services): Record<Kind, Reply> {
  const downloads = createGate(config.limits.downloads);
  async function send(c: Context<Env>, kind: Kind, file: FileToSend | undefined) {
    const sent = file === undefined ? undefined : await downloads(() => sendFile(file, c.env));
    metrics.cacheRead(kind, sent);
    return sent === undefined ? notThere() : RESPONSE_ALREADY_SENT;
  }
  return {
    nar: (c) => {
      const file = nameOf(c);
      const found = { path: cache.narPath(file), tag: file, type: "application/x-nix-nar" };
      return send(c, "nar", isNarFile(file) ? found : undefined);
    },
    closure: (c) => {
      const digest = Digest.safeParse(nameOf(c)).data;
      return send(
        c,
        "closure",
        digest && { path: closures.path(digest), tag: digest, type: "application/json" },
      );
    },
    narinfo: (c) => {
      const hash = parseNarinfoName(nameOf(c));
      if (hash === undefined) return send(c, "narinfo", undefined);
      return send(c, "narinfo", { path: cache.narinfoPath(hash), tag: hash, type: "text/x-nix-narinfo" });
    },
  };
}

/** What is not a legal name is refused with a reason. */
function writers({ cache, closures, config, metrics, log }: Services): Record<Kind, Reply> {
  const uploads = createGate(config.limits.uploads);
  const lists = createGate(Math.min(listsAtOnce, config.limits.uploads));
  async function store(kind: Kind, name: string, work: () => Promise<PutResult>) {
    const result = await (kind === "closure" ? lists : uploads)(work);
    metrics.cacheWritten(kind);
    log.debug({ kind, name, result }, "cache file stored");
    return new Response(null, { status: result === "created" ? 201 : 200 });
  }
  return {
    nar: (c) => {
      const file = requireNarFile(nameOf(c));
      return store("nar", file, () => cache.putNar(file, c.env.incoming));
    },
    closure: (c) => {
      const digest = Digest.safeParse(nameOf(c)).data;
      if (digest === undefined) throw illegalName(`closure/${nameOf(c)}`);
      return store("closure", digest, () => closures.put(digest, c.env.incoming));
    },
    narinfo: (c) => {
      const hash = parseNarinfoName(nameOf(c));
      if (hash === undefined) throw illegalName(nameOf(c));
      return store("narinfo", hash, () => cache.putNarinfo(hash, c.env.incoming));
    },
  };
}

function nameOf(c: Context<Env>): string {
  return c.req.param("name") ?? "";
}

/** Nix reads only the status; it must not keep the answer, for the path may come. */
function notThere(): Response {
  return new Response("404 not found\n", {
    status: 404,
    headers: {
      "Content-Type": "text/plain",
      "Cache-Control": "no-store",
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
