/** SHELL. What the store must hold: the signed closure list of the active system, as it lies on this node's disk. */
import { realpathSync } from "node:fs";
import { StorePath, type Digest } from "@chimera/proto/names";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { expectedPath, type ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import { attempt } from "../errno-outcome.ts";
import { readClosureList } from "../store/closure-lists.ts";

export interface StoreClosure {
  toplevel: StorePath;
  list: Digest;
  paths: readonly ExpectedPath[];
  byPath: ReadonlyMap<string, ExpectedPath>;
  totalBytes: number;
}

/** Null where no list of that digest can be read. References stay on the disk: they are needed for a repair only. */
export function loadClosure(stateDir: string, toplevel: StorePath, list: Digest): StoreClosure | null {
  const paths = readClosureList(stateDir, list)?.flatMap((entry) => expectedPath(entry) ?? []);
  if (paths === undefined) return null;
  const totalBytes = paths.reduce((sum, { narSize }) => sum + narSize, 0);
  return { toplevel, list, paths, byPath: new Map(paths.map((one) => [one.path, one])), totalBytes };
}

export function referencesOf(
  stateDir: string,
  { list }: StoreClosure,
  path: StorePath,
): ClosureEntry["references"] | null {
  return readClosureList(stateDir, list)?.find((entry) => entry.path === path)?.references ?? null;
}

/** What a machine cannot do without: its toplevel, the trees of /etc and of units, and this agent. */
export function criticalPaths(
  { toplevel, byPath }: StoreClosure,
  { root, ownPath }: { root: string; ownPath: StorePath | null },
): StorePath[] {
  const linked = ["etc", "etc/systemd/system"].map((name) => storePathBehind(root, `${toplevel}/${name}`));
  const all = new Set([toplevel, ...linked, ownPath]);
  return [...all].filter((path) => path !== null && byPath.has(path)).filter((path) => path !== null);
}

function storePathBehind(root: string, file: string): StorePath | null {
  const real = attempt(() => realpathSync(`${root}${file}`));
  if (real.kind === "failed" || !real.value.startsWith(`${root}/nix/store/`)) return null;
  const path = real.value.slice(root.length).split("/").slice(0, 4).join("/");
  return StorePath.safeParse(path).data ?? null;
}
