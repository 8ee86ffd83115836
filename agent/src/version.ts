/** Which program this is. */

/** Set by the bundler. */
declare const CHIMERA_VERSION: string | undefined;

/** A packaged agent is told its version by its wrapper. */
export const version =
  process.env["CHIMERA_VERSION"] ?? (typeof CHIMERA_VERSION === "string" ? CHIMERA_VERSION : "development");

export const program = process.argv[1] ?? "";
