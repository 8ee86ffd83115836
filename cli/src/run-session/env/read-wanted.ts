/** SHELL. What --env or chimera.toml means: relative to where it is written. */
import { relative, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { localFolderOf, withWholeFolder } from "../decide/flake-ref.ts";
import type { Surroundings, Wanted } from "../decide/surroundings.ts";
import { repositoryOf } from "./repository-of.ts";
import type { ProjectRun } from "./project-run.ts";

interface Asked {
  env: string | null;
  project: ProjectRun | undefined;
  cwd: string;
  /** Its whole path; null for a command. */
  script: string | null;
}

export async function readWanted({ env, project, cwd, script }: Asked): Promise<Surroundings["wanted"]> {
  if (env !== null) return { what: parseWanted(env, cwd, "--env"), because: `--env ${env}` };
  if (project === undefined || script === null) return null;
  const { default: picomatch } = await import("picomatch");
  const place = relative(project.folder, script);
  const found = Object.entries(project.scripts).find(([pattern]) => picomatch.isMatch(place, pattern));
  if (found === undefined) return null;
  const because = `run.scripts."${found[0]}" of ${project.path}`;
  return { what: parseWanted(found[1], project.folder, because), because };
}

function parseWanted(text: string, folder: string, from: string): Wanted {
  if (text === "none") return { kind: "none" };
  if (/^-|\p{Cc}/u.test(text) || text.length > 1024) {
    throw new ChimeraError(
      "usage",
      `${from}: "${text.slice(0, 100)}" is no environment: a flake reference, a .nix file, a devShell or "none"`,
    );
  }
  if (text.endsWith(".nix")) return { kind: "file", path: resolve(folder, text) };
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/u.test(text)) return { kind: "shell", name: text };
  const [reference = "", attribute = null] = text.split("#", 2);
  const local = localFolderOf(reference);
  if (local === undefined) return { kind: "flake", reference, attribute, folder: null };
  const place = resolve(folder, local);
  return {
    kind: "flake",
    reference: withWholeFolder(reference, place, repositoryOf(place)),
    attribute,
    folder: place,
  };
}
