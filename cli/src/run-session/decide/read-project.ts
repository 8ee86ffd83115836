/** PURE. pyproject.toml: the packages that a Python project names in the standard's own table. */
import { parse } from "smol-toml";
import { z } from "zod";
import { normalName } from "../python/normal-name.ts";
import type { PythonPackages } from "./environment.ts";
import { isPython } from "./interpreters.ts";
import type { ProjectFacts } from "./surroundings.ts";

const Pyproject = z.object({
  project: z
    .object({
      "requires-python": z.string().max(256).optional(),
      dependencies: z.array(z.string().max(1024)).max(1000).optional(),
      dynamic: z.array(z.string()).default([]),
    })
    .optional(),
  tool: z.record(z.string(), z.unknown()).default({}),
});

type Pyproject = z.infer<typeof Pyproject>;

type Read =
  | { kind: "packages"; packages: PythonPackages }
  | { kind: "passed"; notes: readonly string[] }
  | { kind: "refused"; code: "config-invalid"; message: string };

/** `program`: what would run. A project's packages are nothing to a shell script that lies beside it. */
export function readProject(facts: ProjectFacts, program: string | undefined): Read {
  const file = Pyproject.safeParse(parseToml(facts.text)).data;
  if (program === undefined || !isMeant(program, file)) return { kind: "passed", notes: [] };
  if (file === undefined) return refused(`${facts.path} cannot be read as TOML with a table [project]`);
  const elsewhere = dependenciesElsewhere(file, facts);
  if (elsewhere !== undefined) {
    return refused(
      `${facts.path}: its dependencies are ${elsewhere}, which chimera run does not read: write them to [project] dependencies, add a flake.nix or shell.nix, or take --env none`,
    );
  }
  if (file.project === undefined) return { kind: "passed", notes: [`${facts.path} has no [project]`] };
  const { dependencies = [], "requires-python": requiresPython = null } = file.project;
  const packages = { requiresPython, dependencies, lock: facts.uvLock, from: facts.path };
  return { kind: "packages", packages };
}

/** Python itself, or a program that a package of the project brings. */
function isMeant(program: string, file: Pyproject | undefined): boolean {
  const dependencies = file?.project?.dependencies ?? [];
  return isPython(program) || dependencies.some((dependency) => nameIn(dependency) === normalName(program));
}

function nameIn(dependency: string): string {
  return normalName(/^[A-Za-z0-9._-]*/u.exec(dependency)?.[0] ?? "");
}

function dependenciesElsewhere(
  { project, tool }: Pyproject,
  { hasPoetryLock }: ProjectFacts,
): string | undefined {
  if (project?.dependencies !== undefined) return undefined;
  if (hasPoetryLock || Object.hasOwn(tool, "poetry")) return "in Poetry's own table and lock";
  return project?.dynamic.includes("dependencies") === true ? "dynamic" : undefined;
}

function refused(message: string): Read {
  return { kind: "refused", code: "config-invalid", message };
}

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
