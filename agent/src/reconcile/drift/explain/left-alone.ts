/** PURE. Which list says that others may change a path. */
import type { Explanation } from "@chimera/proto/drift-shown";
import { etcAllowList } from "../etc-allow-list.ts";
import type { IgnoredGlob } from "../etc-scope.ts";
import { matcherOf } from "../match-glob.ts";

export type LeftAlone = Extract<Explanation, { kind: "left-alone" }>;

const builtIn = etcAllowList.map((entry) => ({ entry, matches: matcherOf(entry.glob) }));

/** Of a path in /etc; `declared`: whether the closure says something of it nevertheless. */
export function leftAlone(path: string, ignore: readonly IgnoredGlob[], declared: boolean): LeftAlone | null {
  const configured = leftByConfiguration(path, ignore, declared);
  if (configured !== null) return configured;
  const found = builtIn.find(({ matches }) => matches(path));
  return found === undefined ? null : sayLeft("built-in list", found.entry, declared);
}

/** Of any path: what the node's module names is compared nowhere. */
export function leftByConfiguration(
  path: string,
  ignore: readonly IgnoredGlob[],
  declared: boolean,
): LeftAlone | null {
  const found = ignore.find(({ glob }) => matcherOf(glob)(path));
  return found === undefined ? null : sayLeft("the node's configuration", found, declared);
}

export function sayLeft(by: LeftAlone["by"], { glob, reason }: IgnoredGlob, declared: boolean): LeftAlone {
  return { kind: "left-alone", by, glob: glob.slice(0, 1024), reason: reason.slice(0, 1024), declared };
}
