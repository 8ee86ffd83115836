/** PURE. Targets: node names, @tag and globs. One that matches nothing is an error: nobody means "nothing". */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import picomatch from "picomatch";

export interface Candidate {
  node: string;
  tags: readonly string[];
}

/** Sorted names; all candidates when no target is given. */
export function selectNodes(targets: readonly string[], candidates: readonly Candidate[]): NodeName[] {
  if (candidates.length === 0) {
    throw new ChimeraError(
      "node-unknown",
      "there is no node: chimera.toml has none, and no --flake names any",
    );
  }
  const selected = new Set<string>();
  for (const target of targets) {
    const matching = candidates.filter(matcher(target));
    if (matching.length === 0) throw new ChimeraError("node-unknown", unknownTarget(target, candidates));
    for (const { node } of matching) selected.add(node);
  }
  const names = targets.length === 0 ? candidates.map(({ node }) => node) : [...selected];
  return names.toSorted().map((name) => NodeName.parse(name));
}

function matcher(target: string): (candidate: Candidate) => boolean {
  if (target.startsWith("@")) return ({ tags }) => tags.includes(target.slice(1));
  if (/[*?[\]{}!()]/u.test(target)) {
    const matches = picomatch(target);
    return ({ node }) => matches(node);
  }
  return ({ node }) => node === target;
}

function unknownTarget(target: string, candidates: readonly Candidate[]): string {
  const words = target.startsWith("@")
    ? candidates.flatMap(({ tags }) => tags.map((tag) => `@${tag}`))
    : candidates.map(({ node }) => node);
  const known = [...new Set(words)].toSorted();
  const shown = known.slice(0, 12).join(", ");
  const more = known.length > 12 ? `, … (${known.length})` : "";
  return `target "${target}" matches no node (known: ${shown === "" ? "none" : `${shown}${more}`})`;
}
