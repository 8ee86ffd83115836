/** SHELL. Garbage collector roots: links below /nix/var/nix/gcroots, the only place where a plain link is a root. */
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { syncDirectory } from "../state/state-file.ts";

const folder = "/nix/var/nix/gcroots/chimera";

/** A root may name a path that is not there yet: Nix ignores it until it is valid. Throws file-unreadable. */
export function setRoot(name: "wanted" | "previous", path: StorePath, roots = folder): void {
  const link = join(roots, name);
  if (targetOf(link) === path) return;
  try {
    mkdirSync(roots, { recursive: true });
    rmSync(`${link}.new`, { force: true });
    symlinkSync(path, `${link}.new`);
    renameSync(`${link}.new`, link);
    syncDirectory(roots);
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `${link} could not be set`, { cause });
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}
