/** SHELL. Bearer tokens: only their SHA-256 is kept; they carry a role, expire, and may belong to one node. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { TokenRole } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { Digest, IsoTime, NodeName } from "@chimera/proto/names";
import { z } from "zod";
import { readJsonFile, writeDurably } from "./durable-file.ts";
import { withFileLock } from "./file-lock.ts";
import type { Reloaded } from "./reloaded-file.ts";

export const StoredToken = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{8}$/),
    name: z.string().max(128),
    role: TokenRole,
    /** Only for the role `node`: whose it is. */
    node: NodeName.optional(),
    sha256: Digest,
    createdAt: IsoTime,
    expiresAt: IsoTime.nullable(),
    revokedAt: IsoTime.optional(),
  })
  .refine(({ role, node }) => (role === "node") === (node !== undefined), {
    path: ["node"],
    message: "a token has a node exactly when its role is node",
  });
export type StoredToken = z.infer<typeof StoredToken>;

export const TokenFile = z.strictObject({ v: z.literal(1), tokens: z.array(StoredToken).max(100_000) });
export type TokenFile = z.infer<typeof TokenFile>;

export const noTokens: TokenFile = { v: 1, tokens: [] };

export interface NewToken {
  name: string;
  role: TokenRole;
  node?: NodeName | undefined;
  /** Seconds; never when absent. */
  lifeSeconds?: number | undefined;
}

/** Adds a token and returns its text, which exists nowhere else. */
export async function addToken(
  path: string,
  wanted: NewToken,
): Promise<{ token: string; stored: StoredToken }> {
  const token = `chimera_${randomBytes(32).toString("base64url")}`;
  const now = Date.now();
  const stored = StoredToken.safeParse({
    id: randomBytes(4).toString("hex"),
    name: wanted.name,
    role: wanted.role,
    node: wanted.node,
    sha256: hashOf(token).toString("hex"),
    createdAt: new Date(now).toISOString(),
    expiresAt:
      wanted.lifeSeconds === undefined ? null : new Date(now + wanted.lifeSeconds * 1000).toISOString(),
  });
  if (!stored.success) throw new ChimeraError("usage", stored.error.issues.map((i) => i.message).join("; "));
  await changeTokens(path, (tokens) => [...tokens, stored.data]);
  return { token, stored: stored.data };
}

export async function revokeToken(path: string, id: string): Promise<void> {
  await changeTokens(path, (tokens) => {
    if (!tokens.some((token) => token.id === id)) throw new ChimeraError("not-found", `no token ${id}`);
    const revokedAt = new Date().toISOString();
    return tokens.map((token) => (token.id === id ? { ...token, revokedAt } : token));
  });
}

export function listTokens(path: string): StoredToken[] {
  return (readJsonFile(path, TokenFile) ?? noTokens).tokens;
}

/** Finds who a token belongs to; a revoked or expired one is nobody's. */
export function tokenFinder(
  file: Reloaded<TokenFile>,
): (token: string, nowMs: number) => StoredToken | undefined {
  let indexed = 0;
  let byHash = new Map<string, StoredToken>();
  return (token, nowMs) => {
    const tokens = file.current().tokens;
    if (indexed !== file.version()) {
      indexed = file.version();
      byHash = new Map(tokens.map((stored) => [stored.sha256, stored]));
    }
    const hash = hashOf(token);
    const found = byHash.get(hash.toString("hex"));
    if (found === undefined || !timingSafeEqual(Buffer.from(found.sha256, "hex"), hash)) return undefined;
    if (found.revokedAt !== undefined) return undefined;
    if (found.expiresAt !== null && Date.parse(found.expiresAt) <= nowMs) return undefined;
    return found;
  };
}

async function changeTokens(path: string, change: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  await withFileLock(path, () => {
    const file: TokenFile = { v: 1, tokens: change(listTokens(path)) };
    writeDurably(path, `${JSON.stringify(file, null, 2)}\n`);
  });
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
