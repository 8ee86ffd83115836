/** PURE. A lock of uv (`script.py.lock`, `uv.lock`): which versions the packages had when somebody locked them. */
import { parse } from "smol-toml";
import { z } from "zod";
import { markerHolds, type MarkerFacts } from "./marker.ts";
import { normalName } from "./normal-name.ts";

const Dependency = z.object({
  name: z.string().max(256),
  version: z.string().max(128).optional(),
  marker: z.string().max(1024).optional(),
});
const Package = z.object({
  name: z.string().max(256),
  version: z.string().max(128).optional(),
  dependencies: z.array(Dependency).max(10_000).default([]),
});
export const UvLock = z.object({
  version: z.int(),
  "requires-python": z.string().max(256).optional(),
  package: z.array(Package).max(100_000).default([]),
});
export type UvLock = z.infer<typeof UvLock>;

export type ParsedLock = { kind: "lock"; lock: UvLock } | { kind: "bad"; reason: string };

export function parseUvLock(text: string): ParsedLock {
  const toml = orUndefined(() => parse(text));
  if (toml === undefined) return { kind: "bad", reason: "it is not TOML" };
  const lock = UvLock.safeParse(toml);
  if (!lock.success) return { kind: "bad", reason: "it is no lock of uv" };
  if (lock.data.version !== 1) return { kind: "bad", reason: `it has version ${lock.data.version}, not 1` };
  return { kind: "lock", lock: lock.data };
}

/** Versions of the named packages and of all that they need here. Forks of one package for different machines: the first that fits. */
export function lockedVersions(
  { package: packages }: UvLock,
  roots: readonly string[],
  facts: MarkerFacts,
): Map<string, string> {
  const byName = new Map(packages.toReversed().map((one) => [normalName(one.name), one]));
  const found = new Map<string, string>();
  const open = roots.map(normalName);
  const seen = new Set(open);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const one = byName.get(name);
    if (one === undefined) continue;
    if (one.version !== undefined) found.set(name, one.version);
    for (const { name: next, marker } of one.dependencies) {
      const normal = normalName(next);
      if (seen.has(normal) || (marker !== undefined && markerHolds(marker, facts) === false)) continue;
      seen.add(normal);
      open.push(normal);
    }
  }
  return found;
}

function orUndefined(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
