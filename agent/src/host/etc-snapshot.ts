/** For tests: everything below a folder as text, to compare two states exactly. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export function snapshotEtc(etc: string): ReadonlyMap<string, string> {
  const snapshot = new Map<string, string>();
  for (const entry of readdirSync(etc, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) snapshot.set(path, "vanished");
    else if (stats.isSymbolicLink()) snapshot.set(path, `link ${readlinkSync(path)}`);
    else {
      const owner = `${(stats.mode & 0o170000).toString(8)} ${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`;
      snapshot.set(path, stats.isFile() ? `${owner} ${readFileSync(path, "latin1")}` : owner);
    }
  }
  return snapshot;
}
