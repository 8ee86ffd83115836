/** PURE. Folders of /etc that let others than root change what lies in them: as good as a right to write each file there. */
import type { DriftKind, EntryFacts } from "@chimera/proto/drift";
import { octal } from "./etc-entry.ts";

export interface FolderRights {
  mode: number;
  uid: number;
  gid: number;
}

/** What is wrong about it; null where only root may change what is in it, whatever else its mode says. */
export function folderDifference({
  mode,
  uid,
  gid,
}: FolderRights): Extract<DriftKind, "mode" | "owner"> | null {
  if (uid !== 0) return "owner";
  if ((mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0)) return "mode";
  return null;
}

/** As activation makes it, but that one which somebody closed further stays closed. */
export function rightfulFolder({ mode, uid, gid }: FolderRights): FolderRights {
  const isGroupLeft = uid === 0 && (mode & 0o020) === 0;
  return { mode: mode & ~0o022, uid: 0, gid: isGroupLeft ? gid : 0 };
}

/** Null for what is no folder, or whose rights nobody read. */
export function rightsOf({ type, mode, uid, gid }: EntryFacts): FolderRights | null {
  if (type !== "directory" || mode === undefined || uid === undefined || gid === undefined) return null;
  return { mode: Number.parseInt(mode, 8), uid, gid };
}

export function folderFacts({ mode, uid, gid }: FolderRights): EntryFacts {
  return { type: "directory", mode: octal(mode), uid, gid };
}

/** Whose folders of /etc the closure's own tmpfiles.d gives to others, as the beginnings of paths below /etc. */
export interface GivenFolders {
  folders: ReadonlySet<string>;
  /** These and all below. */
  trees: readonly string[];
}

const folderLine =
  /^["']?([dDevqQzZ])[+!\-=~^$]*["']?\s+["']?\/etc\/([^\s"']+)["']?(?:\s+(\S+))?(?:\s+(\S+))?/;

export function givenFolders(texts: readonly string[]): GivenFolders {
  const folders = new Set<string>();
  const trees: string[] = [];
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    const given = givenBy(line);
    if (given === null) continue;
    if (given.isTree) trees.push(given.path);
    else folders.add(given.path);
  }
  return { folders, trees };
}

function givenBy(line: string): { path: string; isTree: boolean } | null {
  const found = folderLine.exec(line);
  if (found === null) return null;
  const [, type, path = "", mode = "-", user = "-"] = found;
  // What such a name stands for is only known to the program that reads it.
  const plain = path.split(/[*?[%\\]/u, 1)[0] ?? "";
  if (!isGiven(mode, user)) return null;
  return { path: plain.replace(/\/+$/u, ""), isTree: type === "Z" || plain !== path };
}

function isGiven(mode: string, user: string): boolean {
  const digits = mode.replace(/^[:~]+/u, "");
  const isOpen = /^[0-7]{3,4}$/u.test(digits) && (Number.parseInt(digits, 8) & 0o022) !== 0;
  return isOpen || !["-", "root", "0", ":root", ":0"].includes(user);
}

export function isGivenFolder({ folders, trees }: GivenFolders, path: string): boolean {
  return folders.has(path) || trees.some((tree) => path.startsWith(tree));
}
