/** SHELL. The closures of store paths that are in the local store, by one `nix path-info`. */
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import type { Io } from "../io.ts";
import { runNix } from "./nix-command.ts";
import { closureOf, parsePathInfo, parseValid } from "./path-info.ts";

export async function queryClosures(
  io: Io,
  toplevels: readonly StorePath[],
  /** Another store than the local one. */
  store?: string,
): Promise<Map<StorePath, ClosureEntry[]>> {
  const unique = [...new Set(toplevels)];
  const result = await runNix(io, {
    args: [
      "path-info",
      "--recursive",
      "--json",
      "--offline",
      "--stdin",
      ...(store === undefined ? [] : ["--store", store]),
    ],
    stdin: unique.join("\n"),
  });
  if (result.kind === "failed") {
    const reason = result.log.failure();
    throw new ChimeraError("closure-unavailable", `these paths are not all in the local store: ${reason}`);
  }
  const known = parsePathInfo(result.stdout);
  return new Map(unique.map((toplevel) => [toplevel, closureOf(toplevel, known)]));
}

/**
 * Those of the paths that a store has registered: after a copy that was cut off there may be more of them in its folder.
 * None where Nix cannot say.
 */
export async function queryValid(
  io: Io,
  paths: readonly StorePath[],
  store: string,
): Promise<ReadonlySet<string>> {
  const args = ["path-info", "--json", "--offline", "--stdin", "--store", store];
  const result = await runNix(io, { args, stdin: paths.join("\n") });
  return result.kind === "ok" ? parseValid(result.stdout) : new Set();
}
