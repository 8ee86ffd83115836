/** PURE but for the environment it is given: the version that `chimera --version` prints. */
import manifest from "../package.json" with { type: "json" };

/** Set by the bundler. */
declare const CHIMERA_VERSION: string | undefined;

/** A packaged CLI is told its version (the flake's revision) by its wrapper. */
export function version(env: Readonly<Record<string, string | undefined>>): string {
  const bundled = typeof CHIMERA_VERSION === "string" ? CHIMERA_VERSION : manifest.version;
  return env["CHIMERA_VERSION"] ?? bundled;
}
