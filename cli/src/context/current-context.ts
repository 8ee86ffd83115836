/** SHELL. The context of this call: --context, else $CHIMERA_CONTEXT, else the current one; and its secrets. */
import { dirname, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { readSecret, readSigner } from "../secret-file.ts";
import { contextFilePath, readContexts, type Context } from "./context-file.ts";

export interface NamedContext extends Context {
  name: string;
}

export async function currentContext(io: Io, wanted: string | undefined): Promise<NamedContext> {
  const path = contextFilePath(io);
  const { current, contexts } = await readContexts(io);
  const name = wanted ?? io.env["CHIMERA_CONTEXT"] ?? current;
  if (name === undefined) {
    throw new ChimeraError(
      "config-invalid",
      `no context in ${path}: "chimera init" makes one, "chimera context use NAME" chooses one`,
    );
  }
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context !== undefined) return { name, ...absoluteFiles(context, dirname(path)) };
  const known = Object.keys(contexts).join(", ") || "none";
  throw new ChimeraError("config-invalid", `${path} has no context "${name}" (it has: ${known})`);
}

/** Relative names are relative to the configuration file, not to where the operator happens to be. */
function absoluteFiles(context: Context, folder: string): Context {
  const entries = Object.entries(context).map(([key, value]) =>
    key.endsWith("File") && typeof value === "string" ? [key, resolve(folder, value)] : [key, value],
  );
  return { ...context, ...Object.fromEntries(entries) };
}

/** The token, of characters that a header and a netrc file both carry; undefined when the context has none. */
export async function readToken(context: NamedContext, use: "api" | "cache"): Promise<string | undefined> {
  const path = use === "cache" ? (context.cacheTokenFile ?? context.tokenFile) : context.tokenFile;
  if (path === undefined) return undefined;
  const token = await readSecret(path, "token file");
  if (!/^[A-Za-z0-9._~+/=:-]{8,512}$/u.test(token)) {
    throw new ChimeraError("input-invalid", `token file ${path} holds no token`);
  }
  return token;
}

/** The path: Nix itself reads the key. Checked here so that a missing one is found before anything is built. */
export async function checkedCacheKeyFile(context: NamedContext): Promise<string> {
  const path = needed(context, "cacheKeyFile");
  await readSigner(path, "cache key file");
  return path;
}

function needed(context: NamedContext, key: "cacheKeyFile"): string {
  const path = context[key];
  if (path !== undefined) return path;
  throw new ChimeraError("config-invalid", `context "${context.name}" has no ${key}`);
}
