/** SHELL. For tests: a PATH with real Nix: this machine's, else that of the lab's root filesystem with a store of the test's own. */
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

const toolRoot = resolve(import.meta.dirname, "../../e2e/lab/tool-root.sh");

/** Undefined where there is neither. */
export async function nixOnPath(folder: string): Promise<string | undefined> {
  const path = process.env["PATH"] ?? "";
  if (path.split(delimiter).some((entry) => existsSync(join(entry, "nix")))) return path;
  const rootfs = newestRootfs();
  if (rootfs === undefined || !existsSync(toolRoot)) return undefined;
  const [bin = "", nix = "", root = "", home = ""] = await Promise.all(
    ["bin", "nix", "root", "home"].map(async (name) => {
      await mkdir(join(folder, name), { recursive: true });
      return join(folder, name);
    }),
  );
  await mkdir(join(home, ".config", "nix"), { recursive: true });
  await writeFile(
    join(home, ".config", "nix", "nix.conf"),
    "sandbox = false\nbuild-users-group =\nsubstituters =\n",
  );
  const words = ["unshare", "--mount", "--propagation", "private", toolRoot, rootfs, nix, root, home, "."];
  const shim = join(bin, "nix");
  await writeFile(shim, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} -- nix "$@"\n`);
  await chmod(shim, 0o755);
  return `${bin}${delimiter}${path}`;
}

function newestRootfs(): string | undefined {
  const cache =
    process.env["CHIMERA_CACHE"] ??
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "chimera");
  if (!existsSync(cache)) return undefined;
  const names = readdirSync(cache).filter(
    (name) => name.startsWith("rootfs-") && existsSync(join(cache, name, "usr/bin/nix")),
  );
  const name = names.toSorted().at(-1);
  return name === undefined ? undefined : join(cache, name);
}

/** nats-server of this machine, else that of the root filesystem (statically linked: it runs anywhere). */
export function natsServerPath(): string {
  const own = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((entry) => join(entry, "nats-server"))
    .find((file) => existsSync(file));
  const rootfs = newestRootfs();
  return own ?? (rootfs === undefined ? "nats-server" : join(rootfs, "usr/sbin/nats-server"));
}
