/** PURE. Which nixpkgs an interpreter or a Python package comes from: that of the fleet, as its flake.lock names it. */
import { z } from "zod";

export interface Pin {
  /** A flake reference. */
  reference: string;
  because: string;
}

const Locked = z.object({
  type: z.string(),
  owner: z.string().optional(),
  repo: z.string().optional(),
  rev: z.string().optional(),
  url: z.string().optional(),
  path: z.string().optional(),
  narHash: z.string().optional(),
});
const Lock = z.object({
  root: z.string(),
  nodes: z.record(
    z.string(),
    z.object({
      locked: Locked.optional(),
      inputs: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
    }),
  ),
});

export const registryPin: Pin = {
  reference: "nixpkgs",
  because: "nixpkgs of the flake registry, which nothing pins (chimera.toml: run.nixpkgs, or a flake.lock)",
};

/** Undefined where the lock has no input of that name, or one that no reference can name. */
export function pinOfLock(text: string, path: string): Pin | undefined {
  const lock = Lock.safeParse(parseJson(text)).data;
  const name = lock?.nodes[lock.root]?.inputs?.["nixpkgs"];
  if (lock === undefined || typeof name !== "string") return undefined;
  const locked = lock.nodes[name]?.locked;
  const reference = locked === undefined ? undefined : referenceOf(locked);
  return reference === undefined ? undefined : { reference, because: `nixpkgs as ${path} pins it` };
}

function referenceOf(locked: z.infer<typeof Locked>): string | undefined {
  const { type, narHash } = locked;
  const query = narHash === undefined ? "" : `?narHash=${encodeURIComponent(narHash)}`;
  const address = Object.hasOwn(addresses, type) ? addresses[type]?.(locked) : undefined;
  if (address === undefined) return undefined;
  return type === "git" ? address : `${address}${query}`;
}

type Address = (locked: z.infer<typeof Locked>) => string | undefined;

const hosted: Address = ({ type, owner, repo, rev }) =>
  [owner, repo, rev].includes(undefined) ? undefined : `${type}:${owner}/${repo}/${rev}`;

const addresses: Readonly<Record<string, Address>> = {
  github: hosted,
  gitlab: hosted,
  sourcehut: hosted,
  tarball: ({ url }) => url,
  git: ({ url, rev }) => (url === undefined || rev === undefined ? undefined : `git+${url}?rev=${rev}`),
  path: ({ path }) => (path?.startsWith("/") === true ? `path:${path}` : undefined),
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
