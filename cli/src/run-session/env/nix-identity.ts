/** SHELL. Which Nix answers: another one may evaluate the same text to something else. Asking it for its version takes a process. */
import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Io } from "../../io.ts";
import { findProgram } from "./find-program.ts";

/** In the store its path names its version; elsewhere its size and time tell one from another. */
export function nixIdentity(io: Io): readonly unknown[] {
  const found = findProgram("nix", io.env["PATH"], io.cwd);
  if (found === undefined) return [];
  const path = realpathSync(found);
  const { size, mtimeMs } = statSync(path);
  return [path, size, mtimeMs];
}

/** Where `<nixpkgs>` leads to: a channel that moves on is another link. */
export function searchPath(io: Io): readonly unknown[] {
  const home = io.env["HOME"] ?? homedir();
  const text = io.env["NIX_PATH"] ?? "";
  const entries = text === "" ? [] : text.split(/:(?!\/\/)/u).map((entry) => entry.replace(/^[^=]*=/u, ""));
  const usual = [join(home, ".nix-defexpr/channels"), "/nix/var/nix/profiles/per-user/root/channels"];
  return [text, ...[...entries, ...usual].map(whereTo)];
}

function whereTo(path: string): string {
  if (!path.startsWith("/")) return path;
  try {
    return realpathSync(path);
  } catch {
    return "";
  }
}
