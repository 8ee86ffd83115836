// SHELL. The keys of one lab host, made by the agent's own command.
import { mkdir, readFile } from "node:fs/promises";
import { z } from "zod";
import type { HostFile } from "../lab/host/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import type { RunProgram } from "./run-program.ts";

export const Identity = z.object({ node: z.string(), nkey: z.string(), nodeKey: z.string() });
export type Identity = z.infer<typeof Identity>;

export async function makeIdentity(run: RunProgram, host: string): Promise<Identity> {
  const folder = fleetFolder("identity", host);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Identity.parse(JSON.parse(await run("agent", ["identity", "--dir", folder, "--node", host])));
}

/** Its secret files, with the names they have below `target` on the host. */
export async function identityFiles(host: string, target: string): Promise<HostFile[]> {
  const read = (name: string) => readFile(fleetFolder("identity", host, name), "utf8");
  return [
    { path: `${target}/nats.seed`, text: await read("nats.seed"), mode: 0o600 },
    { path: `${target}/node.key`, text: await read("node.key"), mode: 0o600 },
  ];
}
