/** PURE. What a closure declares for /etc, entry by entry, and how that reads in an event. */
import type { EntryFacts } from "@chimera/proto/drift";
import type { Digest } from "@chimera/proto/names";

/** A link that must point exactly at `target`. */
interface ExpectedLink {
  kind: "link";
  path: string;
  target: string;
}

/** A copied file. An owner that is a name is looked up when it is compared: the user database changes by itself. */
export interface ExpectedFile {
  kind: "file";
  path: string;
  /** Where the bytes come from when the file is put back. */
  source: string;
  /** The bytes themselves, of a file that comes from no source; `source` says what it is then. */
  text?: string;
  size: number;
  sha256: Digest;
  /** `null`: whatever it had. */
  mode: number | null;
  owner: number | string;
  group: number | string;
}

/** A real directory on the way to an entry; the closure declares no mode for it, so only that nobody else than root may write to it. */
interface ExpectedDirectory {
  kind: "directory";
  path: string;
  /** The closure's tmpfiles.d lets others do so. */
  isGiven?: true;
}

/** `path` is relative to /etc. */
export type ExpectedEntry = ExpectedLink | ExpectedFile | ExpectedDirectory;

/** Ids as the user database has them now; `undefined` when it does not know the name. */
export interface OwnerIds {
  uid: number | undefined;
  gid: number | undefined;
}

export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

export function etcPath(path: string): string {
  return path === "" ? "/etc" : `/etc/${path}`;
}

export function expectedFacts(entry: ExpectedEntry, ids: OwnerIds): EntryFacts {
  switch (entry.kind) {
    case "directory":
      return { type: "directory" };
    case "link":
      return { type: "symlink", target: entry.target };
    case "file":
      return {
        type: "file",
        size: entry.size,
        sha256: entry.sha256,
        ...(entry.mode === null ? {} : { mode: octal(entry.mode) }),
        ...(ids.uid === undefined ? {} : { uid: ids.uid }),
        ...(ids.gid === undefined ? {} : { gid: ids.gid }),
      };
  }
}
