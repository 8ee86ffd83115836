/** PURE. Which declared entries are compared, and which parts of /etc are nobody's business. */
import { etcAllowList, type WhenDeclared } from "./etc-allow-list.ts";
import { etcPath, type ExpectedEntry } from "./etc-entry.ts";
import { matcherOf } from "./match-glob.ts";

export interface IgnoredGlob {
  glob: string;
  reason: string;
}

export interface EtcScope {
  /** False for a declared entry that the allow list or the configuration leaves to somebody else. */
  isCompared(entry: ExpectedEntry): boolean;
  /** True for a path that the configuration leaves alone, whatever the closure says of it. */
  isConfigured(path: string): boolean;
  /** True for a path that is not even looked at for leftovers of earlier generations. */
  isIgnored(path: string): boolean;
}

/** The configuration's globs ignore without condition: whoever runs the fleet said so, with a reason. */
export function createEtcScope(ignore: readonly IgnoredGlob[]): EtcScope {
  const matchers = ignore.map(({ glob }) => matcherOf(glob));
  const allowed = etcAllowList.map(({ glob, whenDeclared }) => ({ matches: matcherOf(glob), whenDeclared }));
  const isConfigured = (path: string): boolean => matchers.some((matches) => matches(path));
  return {
    isCompared(entry) {
      const path = etcPath(entry.path);
      if (isConfigured(path)) return false;
      const rule = allowed.find(({ matches }) => matches(path));
      return rule === undefined || isComparedBy[rule.whenDeclared](entry);
    },
    isConfigured: (path) => isConfigured(etcPath(path)),
    isIgnored(path) {
      const absolute = etcPath(path);
      return isConfigured(absolute) || allowed.some(({ matches }) => matches(absolute));
    },
  };
}

const isComparedBy: Readonly<Record<WhenDeclared, (entry: ExpectedEntry) => boolean>> = {
  compare: () => true,
  // A directory on the way to a declared link must be one.
  "compare-links": (entry) => entry.kind !== "file",
  skip: () => false,
};
