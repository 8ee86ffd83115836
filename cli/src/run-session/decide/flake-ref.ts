/** PURE. A folder with a flake.nix as the reference that `nix develop` would make of it. */

/** With git, Nix sees what git tracks; without, all that lies in the folder. */
export function flakeRefOf(folder: string, repository: string | null): string {
  if (repository === null) return `path:${encode(folder)}`;
  if (folder === repository) return `git+file://${encode(repository)}`;
  return `git+file://${encode(repository)}?dir=${encodeURIComponent(folder.slice(repository.length + 1))}`;
}

/** The folder that a typed reference means, where its files can be looked at. */
export function localFolderOf(reference: string): string | undefined {
  const [url = ""] = reference.split(/[#?]/u, 1);
  const path = /^(?:path:|git\+file:\/\/)?(?<path>(?:\/|\.{1,2}(?:\/|$)).*)$/u.exec(url)?.groups?.["path"];
  if (path !== undefined) return decode(path);
  return url === "" ? "." : undefined;
}

/** The same reference with its folder named from the root. */
export function withWholeFolder(reference: string, folder: string, repository: string | null): string {
  const scheme = /^(?:path:|git\+file:\/\/)/u.exec(reference)?.[0];
  if (scheme === undefined) return flakeRefOf(folder, repository);
  return `${scheme}${encode(folder)}${/\?[^#]*/u.exec(reference)?.[0] ?? ""}`;
}

function encode(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
