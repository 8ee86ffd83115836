/** PURE. What `nix path-info --json` prints, in the three shapes that it has had, as pairs of a full path and what is said of it. */
import { z } from "zod";
import { HashJson } from "./nar-hash.ts";

const storeDir = "/nix/store";

/** What every shape says of a path. */
export const PathFacts = z.object({
  narHash: HashJson,
  narSize: z.number(),
  references: z.array(z.string()),
});

/** Format 3 prints them in two parts. */
const Signature = z.union([
  z.string().max(1024),
  z
    .object({ keyName: z.string().max(512), sig: z.string().max(512) })
    .transform(({ keyName, sig }) => `${keyName}:${sig}`),
]);

/** How a narinfo names a way of adding that formats 2 and 3 name in a word. */
const methods = { flat: "fixed:", nar: "fixed:r:", git: "fixed:git:", text: "text:" } as const;

/** Formats 2 and 3 print it in two parts; null for what this code does not know, which is then not said. */
const ContentAddress = z.union([
  z.string().max(1024),
  z
    .object({ method: z.enum(["flat", "nar", "git", "text"]), hash: z.string().max(512) })
    .transform(({ method, hash }) => `${methods[method]}${hash.replace("-", ":")}`),
]);

/** Who vouches for a path: signatures as `key:base64`, the content address as a narinfo has it. */
export const PathVouchers = z.object({
  signatures: z.array(Signature).max(64).default([]),
  ca: ContentAddress.nullish().catch(null),
});
export type PathVouchers = z.infer<typeof PathVouchers>;

/**
 * Null facts for a path that Nix does not know. Undefined for JSON of no known shape: up to 2.18 a list, then a map by path,
 * in formats 2 and 3 (Nix 2.33 on) that map under `info`, by base names.
 */
export function pathInfoShapes<T>(json: unknown, facts: z.ZodType<T>): [string, T | null][] | undefined {
  const byPath = z.record(z.string(), facts.nullable());
  const nested = z.object({ version: z.number(), info: byPath }).safeParse(json);
  if (nested.success) return named(Object.entries(nested.data.info));
  const list = z.array(z.looseObject({ path: z.string() })).safeParse(json);
  if (list.success) return named(list.data.map((item) => [item.path, facts.safeParse(item).data ?? null]));
  const map = byPath.safeParse(json);
  return map.success ? named(Object.entries(map.data)) : undefined;
}

function named<T>(entries: [string, T][]): [string, T][] {
  return entries.map(([name, facts]) => [inStore(name), facts]);
}

/** Newer Nix prints base names. */
export function inStore(name: string): string {
  return name.startsWith("/") ? name : `${storeDir}/${name}`;
}
