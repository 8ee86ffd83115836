/** SHELL. What somebody typed as a store path: the path itself, or a link such as ./result that leads to one. */
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath } from "@chimera/proto/names";
import type { Io } from "../io.ts";

/** Throws not-found where there is nothing, and input-invalid for what is no path directly in the store. */
export async function resolveToplevel({ cwd }: Pick<Io, "cwd">, typed: string): Promise<StorePath> {
  const named = resolve(cwd, typed);
  const direct = StorePath.safeParse(named);
  if (direct.success && (await exists(named))) return direct.data;
  const real = await realpath(named).catch(() => null);
  if (real === null) throw new ChimeraError("not-found", `there is no ${typed} on this node`);
  const found = StorePath.safeParse(real);
  if (found.success) return found.data;
  throw new ChimeraError("input-invalid", `${typed} is ${real}: a system is a path directly in /nix/store`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
