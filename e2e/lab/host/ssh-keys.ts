// SHELL. ssh keys of one lab: every host its own, and one that the operator's machine enters the others with.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { labFolder } from "../lab-state.ts";
import { toolRoot } from "../tools/tool-root.ts";

export type HostKeys = { readonly privateKey: string; readonly publicKey: string };
export type SshKeys = { readonly operator: HostKeys; readonly hosts: Readonly<Record<string, HostKeys>> };

/** By the root filesystem's ssh-keygen: a fresh machine has none. */
export async function makeSshKeys(hosts: readonly string[]): Promise<SshKeys> {
  const folder = join(labFolder(), "keys");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // One start for all keys; the names are checked host names.
  const script = 'for name; do ssh-keygen -q -t ed25519 -N "" -C "root@$name" -f "./$name"; done';
  await toolRoot().runChecked(["/bin/sh", "-euc", script, "sh", "operator.ws", ...hosts], { cwd: folder });
  const pairs = hosts.map(async (name) => [name, await readPair(join(folder, name))] as const);
  return {
    operator: await readPair(join(folder, "operator.ws")),
    hosts: Object.fromEntries(await Promise.all(pairs)),
  };
}

async function readPair(path: string): Promise<HostKeys> {
  return { privateKey: await readFile(path, "utf8"), publicKey: await readFile(`${path}.pub`, "utf8") };
}
