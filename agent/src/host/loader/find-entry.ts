/** SHELL. Boot entries of systemd-boot, as NixOS writes them: which one boots a system, and under which name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The loader's id: the file's name without the counter of boot counting (`name+3.conf`, `name+2-1.conf`). */
export function entryId(file: string): string {
  return file.replace(/\+\d+(?:-\d+)?(?=\.conf$)/, "");
}

/** Id of the newest generation's entry that boots `toplevel`; null without one. */
export function findEntry(boot: string, toplevel: string): string | null {
  const folder = join(boot, "loader/entries");
  const found = listOf(folder)
    .filter((file) => initOf(join(folder, file)) === toplevel)
    .toSorted((a, b) => generationOf(b) - generationOf(a));
  return found[0] === undefined ? null : entryId(found[0]);
}

/** The file of an entry, whatever its counter says now. */
export function entryFile(boot: string, id: string): string | null {
  const folder = join(boot, "loader/entries");
  const file = listOf(folder).find((name) => entryId(name) === id);
  return file === undefined ? null : join(folder, file);
}

/** The system whose init an entry boots. */
export function initOf(file: string): string | null {
  const text = textOf(file);
  const options = /^\s*options\s+(.+)$/m.exec(text)?.[1] ?? "";
  return /(?:^|\s)init=(\S+)\/init(?:\s|$)/.exec(options)?.[1] ?? null;
}

function generationOf(file: string): number {
  return Number(/generation-(\d+)/.exec(file)?.[1] ?? 0);
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".conf"));
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(0, 65_536);
  } catch {
    return "";
  }
}
