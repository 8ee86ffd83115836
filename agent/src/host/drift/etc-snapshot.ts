/** For tests: everything below a folder as text, to compare two states exactly. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

export function snapshotEtc(etc: string): ReadonlyMap<string, string> {
  return new Map(pathsBelow(etc).map((path) => [path, describe(path)]));
}

/** Without following links, which readdir's own `recursive` does. What vanishes meanwhile is left out. */
export function pathsBelow(folder: string): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder).flatMap((name) => [join(folder, name), ...pathsBelow(join(folder, name))]);
}

function describe(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "vanished";
  if (stats.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  const owner = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid}`;
  return stats.isFile() ? `${owner} ${contentOf(path, stats)}` : owner;
}

function contentOf(path: string, { size }: Stats): string {
  return size > 1_000_000 ? `${size} bytes` : readFileSync(path, "latin1");
}
