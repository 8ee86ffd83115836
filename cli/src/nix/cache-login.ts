/** SHELL. What Nix needs to use the controller's cache: its address, and a netrc file that is gone afterwards. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Io } from "../io.ts";
import { writeNewFile } from "../secret-file.ts";

export interface CacheLogin {
  controller: string;
  token: string | undefined;
}

/** `use` gets the options that let Nix in. */
export async function withCacheLogin<T>(
  io: Io,
  { controller, token }: CacheLogin,
  use: (options: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(secretFolder(io), "chimera-"));
  try {
    const netrc = join(folder, "netrc");
    const { hostname } = new URL(controller);
    const login = token === undefined ? "" : `machine ${hostname} login chimera password ${token}\n`;
    await writeNewFile(netrc, login, 0o600);
    return await use(["--option", "netrc-file", netrc]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In memory where the session has such a folder; a variable that survived `su` or cron names one that is gone. */
function secretFolder({ env }: Io): string {
  const runtime = env["XDG_RUNTIME_DIR"];
  return runtime !== undefined && isAbsolute(runtime) && existsSync(runtime) ? runtime : tmpdir();
}
