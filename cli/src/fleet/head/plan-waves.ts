/** PURE. Who goes in which wave: canaries first, then counts and shares of all, in the order that tags give. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { maxWaves } from "@chimera/proto/rollout/rollout-policy";
import { selectNodes, type Candidate } from "../../project/select-nodes.ts";

export interface WavesWanted {
  /** Each a count, a share of all ("25%"), "rest", or targets ("@canary", "web-*"): whoever they name that is left. */
  waves: readonly string[];
  /** Targets whose nodes come first in every count and share, in this order. */
  order: readonly string[];
}

/**
 * Every node is in one wave; those whom none names are in a last one. Throws usage for what names no wave, node-unknown for
 * targets without nodes.
 */
export function planWaves(candidates: readonly Candidate[], { waves, order }: WavesWanted): NodeName[][] {
  const left = new Set(sorted(candidates, order));
  const total = left.size;
  const planned: NodeName[][] = [];
  for (const wave of waves) {
    const chosen = choose(wave, { left: [...left], candidates, total });
    for (const node of chosen) left.delete(node);
    // "10%" of what is left over may be nobody: an empty wave says nothing.
    if (chosen.length > 0) planned.push(chosen);
  }
  if (left.size > 0) planned.push([...left]);
  if (planned.length <= maxWaves) return planned;
  throw new ChimeraError("usage", `${planned.length} waves, at most ${maxWaves}`);
}

function sorted(candidates: readonly Candidate[], order: readonly string[]): NodeName[] {
  const all = candidates.map(({ node }) => NodeName.parse(node)).toSorted();
  const first = order.flatMap((target) => selectNodes([target], candidates));
  return [...new Set([...first, ...all])];
}

interface Pool {
  left: readonly NodeName[];
  candidates: readonly Candidate[];
  total: number;
}

function choose(wave: string, { left, candidates, total }: Pool): NodeName[] {
  if (wave === "rest") return [...left];
  const count = /^(\d{1,6})(%?)$/.exec(wave);
  if (count === null) {
    const named = new Set(selectNodes([wave], candidates));
    return left.filter((node) => named.has(node));
  }
  const [, digits = "", percent] = count;
  const number = Number(digits);
  if (number === 0 || (percent === "%" && number > 100)) {
    throw new ChimeraError("usage", `wave "${wave}": a count from 1, or a share from 1% to 100%`);
  }
  return left.slice(0, percent === "%" ? Math.ceil((total * number) / 100) : number);
}
