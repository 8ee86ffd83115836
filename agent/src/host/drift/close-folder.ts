/** SHELL. Takes from a folder the rights of others to write to it, by descriptor and nothing else. */
import { fchmodSync, fchownSync, fstatSync } from "node:fs";
import { folderDifference, rightfulFolder } from "../../reconcile/drift/folder-rights.ts";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { openChild } from "./etc-directory.ts";

export function closeFolder(path: string): Outcome<void> {
  const opened = openChild(path);
  if (opened.kind === "failed") return opened;
  using folder = opened.value;
  return attempt(() => {
    const stats = fstatSync(folder.fd);
    if (folderDifference(stats) === null) return;
    const { mode, uid, gid } = rightfulFolder(stats);
    // First, so that its owner cannot open it again.
    if (stats.uid !== uid || stats.gid !== gid) fchownSync(folder.fd, uid, gid);
    fchmodSync(folder.fd, mode & 0o7777);
  });
}
