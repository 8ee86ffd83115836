/** SHELL. Closures that changed, compared by their lists: each list once, and nodes with the same outcome together. */
import type { NodeName, StorePath } from "@chimera/proto/names";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { ClosureList } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ProofApi } from "../api/proof-api.ts";
import { checkClosure } from "../world/check-closure.ts";
import { packageChanges, packagesOf, type PackageDiff, type Packages } from "./package-changes.ts";

export interface Pair {
  old: Leaf;
  new: Leaf;
}

export interface DiffGroup extends PackageDiff {
  /** In the order in which they came. */
  pairs: Pair[];
  /** Why there are no packages; null where there are. */
  missing: string | null;
}

/** Lists of neighbours are mostly the same: so many are remembered, each of some megabytes. */
const remembered = 16;

/**
 * Throws closure-mismatch for a list that is not the one which the signed leaf names; one that the cache has no more is a
 * group of its own, with its reason.
 */
export async function compareClosures(
  pairs: readonly Pair[],
  api: Pick<ProofApi, "closure">,
  onPair: (done: number) => void,
): Promise<DiffGroup[]> {
  const read = createReader(api);
  const byClosures = Map.groupBy(pairs, ({ old, new: now }) => `${old.closure} ${now.closure}`);
  const groups = new Map<string, DiffGroup>();
  let done = 0;
  for (const same of byClosures.values()) {
    const outcome = await compare(same, read);
    const key = JSON.stringify(outcome);
    const group = groups.get(key) ?? { ...outcome, pairs: [] };
    group.pairs.push(...same);
    groups.set(key, group);
    done += same.length;
    onPair(done);
  }
  return [...groups.values()].toSorted((a, b) => b.pairs.length - a.pairs.length);
}

type Outcome = Omit<DiffGroup, "pairs">;

async function compare(pairs: readonly Pair[], read: ReadPackages): Promise<Outcome> {
  try {
    const sides: Packages[] = [];
    for (const side of ["old", "new"] as const) sides.push(await read(pairs.map((pair) => pair[side])));
    const [old = new Map(), now = new Map()] = sides;
    return { ...packageChanges(old, now), missing: null };
  } catch (error) {
    if (!(error instanceof ChimeraError) || error.code !== "closure-unavailable") throw error;
    return { packages: [], rebuilt: 0, missing: errorChain(error) };
  }
}

/** Of the list that all these leaves name. */
type ReadPackages = (leaves: readonly Leaf[]) => Promise<Packages>;

function createReader(api: Pick<ProofApi, "closure">): ReadPackages {
  const known = new Map<string, Packages>();
  return async (leaves) => {
    const [leaf] = leaves;
    if (leaf === undefined) return new Map();
    const key = `${leaf.closure} ${leaf.toplevel}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const { entries } = await fetchList(api, leaf);
    for (const one of leaves) checkClosure(one, entries);
    const packages = packagesOf(entries, leaf.toplevel);
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= remembered) known.delete(oldest);
    known.set(key, packages);
    return packages;
  };
}

async function fetchList(api: Pick<ProofApi, "closure">, { closure }: Leaf): Promise<ClosureList> {
  return api.closure(closure).catch((cause: unknown) => {
    if (!(cause instanceof ChimeraError) || cause.code !== "not-found") throw cause;
    throw new ChimeraError("closure-unavailable", "the cache has not (or no longer) the list of the closure");
  });
}

/** For the table and for programs: who, and from what to what. */
export function pairNames(pairs: readonly Pair[]): { node: NodeName; old: StorePath; new: StorePath }[] {
  return pairs.map(({ old, new: now }) => ({ node: now.node, old: old.toplevel, new: now.toplevel }));
}
