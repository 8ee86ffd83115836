/** PURE. Which of a project's files an evaluation has read, out of what Nix says with `-v`. */

/** Undefined for every other message. */
export function evaluatedFile(message: string): string | undefined {
  return /^evaluating file '(?<file>.+)'$/u.exec(message)?.groups?.["file"];
}

/**
 * Where that file may lie in the project: Nix reads a flake from a copy in the store, or names it by the flake's reference, so
 * only the way within the flake is known. A file of another flake that has the same name there is looked at in vain.
 */
export function pathsInProject(file: string, root: string): string[] {
  const inCopy =
    /^\/nix\/store\/[^/]+\/(?<rest>.+)$/u.exec(file)?.groups?.["rest"] ??
    /^«[^»]*»\/?(?<rest>.+)$/u.exec(file)?.groups?.["rest"];
  if (inCopy !== undefined) return [`${root}/${inCopy}`];
  return file.startsWith("/") ? [file] : [];
}

/** Beside what Nix code imports, these are read as data, which Nix does not tell. */
export const dataFiles = [
  ..."flake.nix flake.lock shell.nix default.nix devshell.toml .envrc".split(" "),
  ..."pyproject.toml uv.lock poetry.lock requirements.txt requirements-dev.txt .python-version".split(" "),
  ..."package.json package-lock.json pnpm-lock.yaml yarn.lock .nvmrc Cargo.toml Cargo.lock".split(" "),
  ..."rust-toolchain.toml rust-toolchain go.mod go.sum gomod2nix.toml Gemfile Gemfile.lock gemset.nix".split(
    " ",
  ),
] as const;
