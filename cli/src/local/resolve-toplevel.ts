/** SHELL. What somebody typed as a store path: the path itself, or a link such as ./result that leads to one. */
import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath } from "@chimera/proto/names";
import type { Io } from "../io.ts";

/** As many as the kernel follows. */
const maxLinks = 40;

/**
 * Whether there is a system at its end is the agent's to say. Throws not-found where there is nothing, and input-invalid for
 * what is no path directly in the store.
 */
export async function resolveToplevel({ cwd }: Pick<Io, "cwd">, typed: string): Promise<StorePath> {
  let named = resolve(cwd, typed);
  for (let links = 0; links < maxLinks; links += 1) {
    const direct = StorePath.safeParse(named);
    if (direct.success) return direct.data;
    const parent = await realpath(dirname(named)).catch(() => null);
    if (parent === null) break;
    const entry = join(parent, basename(named));
    const target = await readlink(entry).catch(() => null);
    if (target === null) return endOf(entry, typed);
    named = resolve(parent, target);
  }
  throw new ChimeraError("not-found", `there is no ${typed} on this node`);
}

/** No link any more. */
async function endOf(entry: string, typed: string): Promise<StorePath> {
  const found = StorePath.safeParse(entry);
  if (found.success) return found.data;
  const isThere = await lstat(entry).then(
    () => true,
    () => false,
  );
  if (!isThere) throw new ChimeraError("not-found", `there is no ${typed} on this node`);
  throw new ChimeraError("input-invalid", `${typed} is ${entry}: a system is a path directly in /nix/store`);
}
