// SHELL. A lab fleet whose nats-server knows its users by passes: who is given which, made by `chimera nats`.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IssuerRole } from "@chimera/proto/nats/issuers";
import type { HostFile } from "../lab/host/host-files.ts";
import type { RunProgram } from "./run-program.ts";

export interface FleetPasses {
  /** The hub's own nkey in NATS. */
  hubNkey: string;
  /** nats-server's configuration. */
  nats: string;
  passFile(role: IssuerRole, user: { name: string; nkey: string }, path: string): Promise<HostFile>;
  /** The seed that the controller holds. */
  nodeIssuer(path: string): Promise<HostFile>;
  /** All the others, which stay with the fleet's owner. */
  ownersFiles(target: string): Promise<HostFile[]>;
}

const nodeIssuerName = "node-issuer.seed";

export async function openPasses(run: RunProgram, folder: string, hubNkey: string): Promise<FleetPasses> {
  const own = ["--dir", folder];
  const read = async (name: string, path: string): Promise<HostFile> => ({
    path,
    text: await readFile(join(folder, name), "utf8"),
    mode: name.endsWith(".seed") ? 0o600 : 0o644,
  });
  return {
    hubNkey,
    nats: await run("chimera", ["nats", "config", ...own]),
    passFile: async (role, { name, nkey }, path) => ({
      path,
      text: await run("chimera", ["nats", "pass", "--role", role, "--name", name, "--nkey", nkey, ...own]),
      mode: 0o644,
    }),
    nodeIssuer: (path) => read(nodeIssuerName, path),
    ownersFiles: async (target) => {
      const names = (await readdir(folder)).filter((name) => name !== nodeIssuerName);
      return Promise.all(names.map((name) => read(name, `${target}/${name}`)));
    },
  };
}
