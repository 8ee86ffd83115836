/** PURE. The steps of the decision, in the order in which decide-environment.ts takes them. */
import { installable } from "./environment.ts";
import { flakeRefOf } from "./flake-ref.ts";
import { attributeFor, interpreterFor } from "./interpreters.ts";
import { parseNixShebang } from "./parse-nix-shebang.ts";
import { parsePep723 } from "./parse-pep723.ts";
import { parseShebang } from "./parse-shebang.ts";
import { readProject } from "./read-project.ts";
import type { Step } from "./step.ts";
import type { FolderFacts, Marker, Surroundings, Wanted } from "./surroundings.ts";

const passed: Step = { kind: "passed", notes: [] };

export function ofFlag(around: Surroundings): Step {
  if (around.wanted === null) return passed;
  const { what, because } = around.wanted;
  switch (what.kind) {
    case "none":
      return { kind: "found", environment: { kind: "none" }, because };
    case "file":
      return { kind: "found", environment: { kind: "shell-nix", file: what.path }, because };
    case "flake":
      return { kind: "found", environment: { ...what, kind: "flake" }, because };
    case "shell":
      return ofNamedShell(around, what, because);
  }
}

function ofNamedShell(
  { folders, flakes, system, repository }: Surroundings,
  { name }: Extract<Wanted, { kind: "shell" }>,
  because: string,
): Step {
  const folder = nearest(folders, "flake.nix")?.path;
  const refuse = (why: string): Step => ({
    kind: "refused",
    code: "config-invalid",
    message: `${because}: "${name}" is to be a devShell of a flake that is near, and ${why} (or name one with a #, a .nix file, or "none")`,
  });
  if (folder === undefined) return refuse("there is no flake.nix");
  const has = flakes.get(folder);
  if (has === undefined) return { kind: "ask-flake", folder };
  if (!has.shells.includes(name)) {
    return refuse(`${folder}/flake.nix has ${has.shells.toSorted().join(", ") || "none"} for ${system}`);
  }
  const environment = {
    kind: "flake",
    reference: flakeRefOf(folder, repository),
    attribute: shellAttribute(system, name),
    folder,
  } as const;
  return { kind: "found", environment, because };
}

export function ofNixShebang({ script }: Surroundings): Step {
  const found = script === null ? undefined : parseNixShebang(script.text);
  if (found === undefined) return passed;
  const because = `the first line of ${script?.path ?? ""} asks for ${found.tool}`;
  return { kind: "found", environment: { kind: "nix-script", ...found }, because };
}

export function ofPep723({ script, pin }: Surroundings): Step {
  const block = script === null ? undefined : parsePep723(script.text);
  if (script === null || block === undefined || block.kind === "none") return passed;
  if (block.kind === "bad") {
    return { kind: "refused", code: "input-invalid", message: `${script.path}: ${block.reason}` };
  }
  const { requiresPython, dependencies } = block;
  const packages = { requiresPython, dependencies, lock: script.lock, from: script.path };
  const lock = script.lock === null ? "" : `, in the versions of ${script.path}.lock`;
  return {
    kind: "found",
    environment: { kind: "python", packages, pin },
    because: `the block \`# /// script\` of ${script.path}${lock}; ${pin.because}`,
  };
}

export function ofTools({ folders, tools }: Surroundings): Step {
  const notes: string[] = [];
  for (const [marker, tool] of [
    ["devenv.nix", "devenv"],
    ["devbox.json", "devbox"],
  ] as const) {
    const folder = nearest(folders, marker)?.path;
    notes.push(...distrust(folders, marker));
    if (folder === undefined) continue;
    if (tools.has(tool)) {
      return { kind: "found", environment: { kind: tool, folder }, because: `${folder}/${marker}` };
    }
    notes.push(`${folder}/${marker}: there is no \`${tool}\` on PATH`);
  }
  return { kind: "passed", notes };
}

export function ofFlake({ folders, flakes, system, repository, tools }: Surroundings): Step {
  const notes = distrust(folders, "flake.nix");
  const folder = nearest(folders, "flake.nix")?.path;
  if (folder === undefined) return { kind: "passed", notes };
  const has = flakes.get(folder);
  // Without Nix nobody can ask it: whoever has one means it.
  if (has === undefined && tools.has("nix")) return { kind: "ask-flake", folder };
  const attribute = has === undefined ? shellAttribute(system, "default") : attributeOf(has, system);
  const reference = flakeRefOf(folder, repository);
  if (attribute === undefined) {
    const lacks = `no ${shellAttribute(system, "default")} and no packages.${system}.default`;
    return { kind: "passed", notes: [...notes, `${folder}/flake.nix has ${lacks}`] };
  }
  const environment = { kind: "flake", reference, attribute, folder } as const;
  return {
    kind: "found",
    environment,
    because: `${folder}/flake.nix has ${installable(environment).split("#")[1]}`,
  };
}

function attributeOf(
  { shells, hasPackage }: { shells: readonly string[]; hasPackage: boolean },
  system: string,
): string | undefined {
  if (shells.includes("default")) return shellAttribute(system, "default");
  return hasPackage ? `packages.${system}.default` : undefined;
}

/** Quoted where Nix would take a dot for the end of a name. */
function shellAttribute(system: string, name: string): string {
  return `devShells.${system}.${/^[A-Za-z_][A-Za-z0-9_'-]*$/u.test(name) ? name : JSON.stringify(name)}`;
}

export function ofShellNix({ folders }: Surroundings): Step {
  const notes = distrust(folders, "shell.nix");
  const folder = nearest(folders, "shell.nix")?.path;
  if (folder === undefined) return { kind: "passed", notes };
  const file = `${folder}/shell.nix`;
  return { kind: "found", environment: { kind: "shell-nix", file }, because: file };
}

export function ofPyproject(around: Surroundings): Step {
  const { project, pin, folders } = around;
  const notes = distrust(folders, "pyproject.toml");
  if (project === null) return { kind: "passed", notes };
  const read = readProject(project, programOf(around));
  if (read.kind !== "packages")
    return read.kind === "passed" ? { ...read, notes: [...notes, ...read.notes] } : read;
  const lock = project.uvLock === null ? "" : ", in the versions of uv.lock";
  return {
    kind: "found",
    environment: { kind: "python", packages: read.packages, pin },
    because: `${project.path}${lock}; ${pin.because}`,
  };
}

export function ofInterpreter(around: Surroundings): Step {
  const { script, pin } = around;
  const program = script === null ? undefined : programOf(around);
  if (program === undefined) return passed;
  const attribute = attributeFor(program);
  if (attribute === undefined) {
    return { kind: "passed", notes: [`${program}: which package of nixpkgs has it is not known`] };
  }
  return {
    kind: "found",
    environment: { kind: "program", program, attribute, pin },
    because: `${script?.path ?? ""} is read by ${program}; ${pin.because}`,
  };
}

/** What reads the script, or what the command is. */
function programOf({ script, words }: Surroundings): string | undefined {
  if (script === null) return words[0];
  if (!script.isText) return undefined;
  const shebang = parseShebang(script.text);
  return shebang.kind === "program" ? shebang.program : interpreterFor(script.path);
}

function nearest(folders: readonly FolderFacts[], marker: Marker): FolderFacts | undefined {
  return folders.find(({ files }) => files.has(marker));
}

function distrust(folders: readonly FolderFacts[], marker: Marker): string[] {
  return folders.flatMap(({ distrusted }) => distrusted.get(marker) ?? []);
}
