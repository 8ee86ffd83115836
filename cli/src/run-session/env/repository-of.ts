/** SHELL. The root of the git repository that a folder is in, where Nix looks for it too. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

export function repositoryOf(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    // A folder in a clone, a file in a work tree.
    if (existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return null;
  }
}
