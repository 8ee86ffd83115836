/** PURE. The difference between what is declared and what was found, and what is done about it. */
import type { DriftItem, DriftKind, EntryFacts } from "@chimera/proto/drift";
import { folderDifference, folderFacts, rightfulFolder, rightsOf } from "./folder-rights.ts";
import { etcPath, expectedFacts, type ExpectedEntry, type OwnerIds } from "./etc-entry.ts";

export type DriftMode = "revert" | "report" | "ignore";

/** `null` when the entry is as declared. */
export function compareEntry(entry: ExpectedEntry, found: EntryFacts, ids: OwnerIds): DriftItem | null {
  const open = entry.kind === "directory" && entry.isGiven !== true ? openFolder(entry.path, found) : null;
  if (open !== null) return open;
  const expected = expectedFacts(entry, ids);
  const kind = differenceOf(expected, found);
  return kind === null ? null : { path: etcPath(entry.path), kind, expected, found };
}

function openFolder(path: string, found: EntryFacts): DriftItem | null {
  const rights = rightsOf(found);
  const kind = rights === null ? null : folderDifference(rights);
  if (rights === null || kind === null) return null;
  return { path: etcPath(path), kind, expected: folderFacts(rightfulFolder(rights)), found };
}

/** A link of an earlier generation that no longer leads anywhere. */
export function staleItem(path: string, found: EntryFacts): DriftItem {
  return { path: etcPath(path), kind: "stale", expected: { type: "missing" }, found };
}

/** Something lies over a path of /etc that the closure does not declare; `entry`: what it declares there. */
export function coveredItem(path: string, entry: ExpectedEntry | undefined, found: EntryFacts): DriftItem {
  const undeclared: EntryFacts = { type: path === "" ? "directory" : "file" };
  const expected =
    entry === undefined ? undeclared : expectedFacts(entry, { uid: undefined, gid: undefined });
  return { path: etcPath(path), kind: "covered", expected, found };
}

/** The closure's /etc is an overlay, and none is mounted. */
export function unmountedItem(): DriftItem {
  return {
    path: "/etc",
    kind: "unmounted",
    expected: { type: "directory" },
    found: { type: "directory" },
  };
}

/** True when a link is exactly what activation would have made of an entry of this path. */
export function isOwnLink(path: string, target: string): boolean {
  return target === `/etc/static/${path}`;
}

function differenceOf(expected: EntryFacts, found: EntryFacts): DriftKind | null {
  if (found.type === "missing") return "missing";
  if (expected.type === "directory") return found.type === "directory" ? null : "parent";
  if (found.type === expected.type)
    return found.type === "symlink" ? targetDifference(expected, found) : fileDifference(expected, found);
  return replacedBy[found.type];
}

const replacedBy = {
  file: "replaced-by-file",
  directory: "replaced-by-directory",
  symlink: "replaced-by-link",
  other: "replaced-by-other",
  // Nothing in /etc is found as one.
  nar: "replaced-by-other",
} as const satisfies Record<Exclude<EntryFacts["type"], "missing">, DriftKind>;

function targetDifference(expected: EntryFacts, found: EntryFacts): DriftKind | null {
  return found.target === expected.target ? null : "wrong-target";
}

function fileDifference(expected: EntryFacts, found: EntryFacts): DriftKind | null {
  if (found.size !== expected.size || found.sha256 !== expected.sha256) return "content";
  if (expected.mode !== undefined && found.mode !== expected.mode) return "mode";
  return isOwnedAs(expected, found) ? null : "owner";
}

/** A name that the user database does not know cannot be compared: activation may know it from elsewhere. */
function isOwnedAs(expected: EntryFacts, found: EntryFacts): boolean {
  return (
    (expected.uid === undefined || expected.uid === found.uid) &&
    (expected.gid === undefined || expected.gid === found.gid)
  );
}
