/** PURE. The package that a store path belongs to, by Nix's own rule for names (builtins.parseDrvName). */
import type { StorePath } from "@chimera/proto/names";

export interface PackageName {
  name: string;
  /** Empty where there is none. */
  version: string;
}

const hashLength = "/nix/store/".length + 32 + "-".length;

/** The name is all before the first dash that no letter follows; the version is all after that dash. */
export function splitName(text: string): PackageName {
  const dash = text.search(/-[^A-Za-z]/u);
  return dash === -1
    ? { name: text, version: "" }
    : { name: text.slice(0, dash), version: text.slice(dash + 1) };
}

/** Several outputs of one build (`2.42-bin`, `2.42-dev`) have one version, as in `nix store diff-closures`. */
export function packageOf(path: StorePath): PackageName {
  const { name, version } = splitName(path.slice(hashLength));
  return { name, version: version.replace(/-(?:[a-z]+|lib32|lib64)$/u, "") };
}
