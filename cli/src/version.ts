/** PURE but for the environment: the version that `chimera --version` prints. */
import manifest from "../package.json" with { type: "json" };

/** A packaged CLI is told its version (the flake's revision) by its wrapper. */
export function version(env: Readonly<Record<string, string | undefined>>): string {
  return env["CHIMERA_VERSION"] ?? manifest.version;
}
