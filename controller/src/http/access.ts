/** SHELL. Who calls, and what they may: bearer tokens everywhere, Basic for Nix's netrc in the cache. */
import type { HttpBindings } from "@hono/node-server";
import type { TokenRole } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Context, MiddlewareHandler } from "hono";
import type { StoredToken } from "../files/token-file.ts";
import type { Env, Services } from "./services.ts";

/** Things one may be allowed to do; a token's role decides. */
export type Permission =
  | "read"
  | "operate"
  | "administer"
  | "cache-read"
  | "cache-write"
  | "own-leaf"
  | "own-pass";

const allowed: Record<TokenRole, readonly Permission[]> = {
  viewer: ["read", "cache-read"],
  operator: ["read", "operate", "cache-read", "cache-write"],
  admin: ["read", "operate", "administer", "cache-read", "cache-write"],
  "cache-writer": ["cache-read", "cache-write"],
  node: ["cache-read", "own-leaf", "own-pass"],
  enroll: [],
};

const maxTokenLength = 512;

/** Throws token-missing, token-invalid or too-many-requests; none says which part was wrong. */
export function authenticate({
  findToken,
  asks,
  version,
}: Pick<Services, "findToken" | "asks" | "version">): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = tokenIn(c.req.raw.headers);
    if (token === undefined) {
      await asks.stranger(addressOf(c));
      throw new ChimeraError("token-missing", "a bearer token is due");
    }
    const caller = findToken(token, Date.now());
    if (caller === undefined) {
      await asks.wrongToken(addressOf(c));
      throw new ChimeraError("token-invalid", "the token is unknown, expired or revoked");
    }
    c.set("caller", caller);
    if (isCounted(c.req)) await asks.holder(caller.id);
    await next();
    // To nobody else: it says which holes are worth trying.
    c.res.headers.set("Chimera-Version", version);
  };
}

/** A closure is thousands of files, and how many go out at a time has a bound of its own; a panic waits for nothing. */
function isCounted({ method, path }: { method: string; path: string }): boolean {
  if (path.startsWith("/cache/")) return !["GET", "HEAD"].includes(method);
  return path !== "/v1/panic" && path !== "/v1/panic/release";
}

/** For those without a token, where there is nothing to show one for. */
export function countStrangers({ asks }: Pick<Services, "asks">): MiddlewareHandler<Env> {
  return async (c, next) => {
    await asks.stranger(addressOf(c));
    await next();
  };
}

/** Of the connection: what a header says of it anybody may write. */
export function addressOf(c: Context<Env>): string {
  const { incoming }: Partial<HttpBindings> = c.env;
  return (incoming?.socket.remoteAddress ?? "").slice(0, 64);
}

/** For what goes on after its answer began: a token may be revoked, expire or lose its role meanwhile. */
export function stillMay(
  { findToken }: Pick<Services, "findToken">,
  { token, permission }: { token: string; permission: Permission },
): boolean {
  const caller = findToken(token, Date.now());
  return caller !== undefined && mayDo(caller, permission);
}

export function requirePermission(...anyOf: Permission[]): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (!anyOf.some((permission) => mayDo(c.get("caller"), permission))) {
      throw new ChimeraError("role-forbidden", `a token of role ${c.get("caller").role} may not do this`);
    }
    await next();
  };
}

function mayDo(caller: StoredToken, permission: Permission): boolean {
  return allowed[caller.role].includes(permission);
}

/** What a WebSocket names as the protocol that it speaks; beside it a browser, which can set no header, names its token. */
export const attachProtocol = "chimera.attach.v1";
const tokenProtocol = "chimera.token.";

/** Never in an address: those end up in logs. */
export function tokenIn(headers: Headers): string | undefined {
  const token = presentedToken(headers.get("Authorization") ?? undefined);
  if (token !== undefined || headers.get("Upgrade")?.toLowerCase() !== "websocket") return token;
  const protocols = (headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((word) => word.trim());
  const named = protocols.find((word) => word.startsWith(tokenProtocol))?.slice(tokenProtocol.length);
  return presentedToken(`Bearer ${named ?? ""}`);
}

/** `Bearer T`, or `Basic` with T as the password. */
export function presentedToken(header: string | undefined): string | undefined {
  const match = /^(Bearer|Basic) ([A-Za-z0-9+/_.~=-]+)$/i.exec(header ?? "");
  const [, scheme = "", credentials = ""] = match ?? [];
  if (match === null || credentials.length > maxTokenLength) return undefined;
  if (scheme.toLowerCase() === "bearer") return credentials;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 || colon === pair.length - 1 ? undefined : pair.slice(colon + 1);
}
