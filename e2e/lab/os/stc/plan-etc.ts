// PURE: the etc tree of a closure as the list of what /etc must hold (nixos.md §1.1).

/** One object of the closure's etc tree, as lstat sees it; `path` is relative, parents come before children. */
export type TreeEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | { readonly kind: "file"; readonly path: string; readonly text: string };

export type EtcEntry =
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "direct-link"; readonly path: string; readonly target: string }
  | {
      readonly kind: "copy";
      readonly path: string;
      readonly mode: number;
      readonly uid: string;
      readonly gid: string;
    };

const SIDECAR = /\.(?:mode|uid|gid)$/;

export function planEtc(tree: readonly TreeEntry[]): EtcEntry[] {
  const byPath = new Map(tree.map((entry) => [entry.path, entry]));
  const plan: EtcEntry[] = [];
  for (const entry of tree) {
    if (entry.kind === "directory" || isSidecar(entry, byPath)) continue;
    const mode = sidecar(byPath, `${entry.path}.mode`);
    if (mode === undefined) {
      if (entry.kind === "symlink")
        plan.push({ kind: "link", path: entry.path, target: `/etc/static/${entry.path}` });
      continue;
    }
    if (mode === "direct-symlink" && entry.kind === "symlink") {
      plan.push({ kind: "direct-link", path: entry.path, target: entry.target });
      continue;
    }
    plan.push(copyOf(entry.path, mode, byPath));
  }
  return plan;
}

/** The paths that /etc/.clean records: all that is not a link through /etc/static. */
export function cleanList(plan: readonly EtcEntry[]): string[] {
  return plan
    .filter((entry) => entry.kind !== "link")
    .map((entry) => entry.path)
    .toSorted();
}

function copyOf(path: string, mode: string, byPath: ReadonlyMap<string, TreeEntry>): EtcEntry {
  if (!/^[0-7]{3,4}$/.test(mode))
    throw new Error(`etc entry ${path}: mode ${JSON.stringify(mode)} is not octal`);
  return {
    kind: "copy",
    path,
    mode: Number.parseInt(mode, 8),
    uid: sidecar(byPath, `${path}.uid`) ?? "+0",
    gid: sidecar(byPath, `${path}.gid`) ?? "+0",
  };
}

function sidecar(byPath: ReadonlyMap<string, TreeEntry>, path: string): string | undefined {
  const entry = byPath.get(path);
  return entry?.kind === "file" ? entry.text.trim() : undefined;
}

function isSidecar(entry: TreeEntry, byPath: ReadonlyMap<string, TreeEntry>): boolean {
  return entry.kind === "file" && SIDECAR.test(entry.path) && byPath.has(entry.path.replace(SIDECAR, ""));
}
