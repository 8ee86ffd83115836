// SHELL. Where everything lies that the lab keeps between runs; nothing of it is written elsewhere.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";

export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const chosen = env["CHIMERA_CACHE"];
  if (chosen !== undefined && chosen !== "") return checked(chosen, "CHIMERA_CACHE");
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && isAbsolute(xdg)) return checked(join(xdg, "chimera"), "XDG_CACHE_HOME");
  return checked(join(homedir(), ".cache", "chimera"), "HOME");
}

/** Overlay mount options and shell words are made of this path: what they could misread is refused by name. */
function checked(path: string, from: string): string {
  if (!isAbsolute(path)) throw new ChimeraError("config-invalid", `${from}: ${path} is not an absolute path`);
  if (!/^[A-Za-z0-9_./@+-]+$/.test(path)) {
    throw new ChimeraError(
      "config-invalid",
      `${from}: ${path} has a character that mount options cannot carry`,
    );
  }
  return path;
}
