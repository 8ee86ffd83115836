/** PURE. Why a path is kept as it is, or why not: by the closure, a list with reasons, or nothing. */
import type { Explanation } from "@chimera/proto/drift-shown";
import picomatch from "picomatch";
import { etcAllowList } from "./etc-allow-list.ts";
import { expectedFacts, type ExpectedEntry } from "./etc-entry.ts";
import type { IgnoredGlob } from "./etc-scope.ts";

export interface ExplainSight {
  /** Null where no system that was signed for this node is active. */
  expected: { toplevel: string; tree: string; entries: ReadonlyMap<string, ExpectedEntry> } | null;
  /** Of the node's configuration. */
  ignore: readonly IgnoredGlob[];
  /** Whether the closure's tree has an entry of that path, compared or not. */
  isDeclared: (path: string) => boolean;
}

/** The path below /etc; null for one that is elsewhere. */
export function belowEtc(path: string): string | null {
  return path.startsWith("/etc/") ? path.slice("/etc/".length) : null;
}

export function explainPath(path: string, { expected, ignore, isDeclared }: ExplainSight): Explanation {
  const below = belowEtc(path);
  if (below === null) return { kind: "outside" };
  if (expected === null) {
    return {
      kind: "unknown",
      reason: "no system that was signed for this node is active, or it is switching",
    };
  }
  const entry = expected.entries.get(below);
  if (entry !== undefined) {
    const ids = { uid: idOf(entry, "owner"), gid: idOf(entry, "group") };
    return {
      kind: "managed",
      toplevel: expected.toplevel,
      entry: `${expected.tree}/${below}`,
      expected: expectedFacts(entry, ids),
    };
  }
  return leftAlone(path, ignore, isDeclared(below)) ?? { kind: "undeclared" };
}

/** A name is looked up when it is compared; who asks is told what the closure says. */
function idOf(entry: ExpectedEntry, whose: "owner" | "group"): number | undefined {
  const id = entry.kind === "file" ? entry[whose] : undefined;
  return typeof id === "number" ? id : undefined;
}

function leftAlone(path: string, ignore: readonly IgnoredGlob[], declared: boolean): Explanation | null {
  const configured = ignore.find(({ glob }) => isMatch(path, glob));
  const found = configured ?? etcAllowList.find(({ glob }) => isMatch(path, glob));
  if (found === undefined) return null;
  const by = configured === undefined ? "built-in list" : "the node's configuration";
  const { glob, reason } = found;
  return { kind: "left-alone", by, glob: glob.slice(0, 1024), reason: reason.slice(0, 1024), declared };
}

function isMatch(path: string, glob: string): boolean {
  return picomatch(glob, { dot: true })(path);
}
