/** SHELL. What chimera.toml says about runs. Without one nothing of it is loaded: a start has no time for it. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { localFolderOf } from "../decide/flake-ref.ts";
import { isTrusted } from "./trusted.ts";

export interface ProjectRun {
  path: string;
  folder: string;
  nixpkgs: string | undefined;
  scripts: Readonly<Record<string, string>>;
  /** Of the flake that the nodes are built from. */
  flakeFolder: string | undefined;
}

export async function readProjectRun(io: Io, cwd: string): Promise<ProjectRun | undefined> {
  const folder = nearestWith(cwd, "chimera.toml");
  if (folder === undefined) return undefined;
  const path = join(folder, "chimera.toml");
  const { uid } = statSync(path);
  if (!isTrusted(uid)) {
    io.err(
      printableLine(`chimera: ${path} is not read: it belongs to user ${uid}, who is neither you nor root`) +
        "\n",
    );
    return undefined;
  }
  const { readProject } = await import("../../project/project-file.ts");
  const { run, flake } = await readProject({ ...io, cwd }, path);
  const flakeFolder = flake === undefined ? undefined : localFolderOf(flake);
  return {
    path,
    folder,
    nixpkgs: run?.nixpkgs === undefined ? undefined : fromFolder(run.nixpkgs, folder),
    scripts: run?.scripts ?? {},
    flakeFolder: flakeFolder === undefined ? undefined : resolve(folder, flakeFolder),
  };
}

/** A relative reference is meant from the file that has it. */
function fromFolder(reference: string, folder: string): string {
  const local = localFolderOf(reference);
  return local === undefined ? reference : `path:${resolve(folder, local)}`;
}

function nearestWith(start: string, file: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
