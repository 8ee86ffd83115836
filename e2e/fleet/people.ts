// SHELL. Operators of a lab fleet beside the first one: each with keys, a context and a home of their own on ws, so that
// any two of three publish and are root.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FleetId } from "@chimera/proto/names";
import type { HostFile } from "../lab/host/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import type { RunProgram } from "./run-program.ts";

const roles = ["root", "publish"] as const;

export interface Person {
  name: string;
  /** Where the key files are on this machine. */
  folder: string;
  publicKeys: Record<(typeof roles)[number], string>;
}

export function homeOf(person: string): string {
  return `/home/${person}`;
}

export async function makePeople(run: RunProgram, names: readonly string[]): Promise<Person[]> {
  return Promise.all(
    names.map(async (name) => {
      const folder = fleetFolder("people", name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const generate = async (role: string) =>
        (await run("chimera", ["keys", "generate", `${name}-${role}`, "--dir", folder])).trim();
      const [root, publish] = await Promise.all([generate("root"), generate("publish")]);
      return { name, folder, publicKeys: { root, publish } };
    }),
  );
}

/** What `chimera init` is told of the others. */
export function sharedRoles(people: readonly Person[]): string[] {
  if (people.length === 0) return [];
  return roles.flatMap((role) => [
    `--${role}-key`,
    ...people.map(({ publicKeys }) => publicKeys[role]),
    `--${role}-threshold`,
    "2",
  ]);
}

/** A person's home on ws: context, token and keys. */
export async function personFiles(
  { name, folder }: Person,
  fleet: { fleetId: FleetId; controller: string; token: string },
): Promise<HostFile[]> {
  const home = `${homeOf(name)}/.config/chimera`;
  const context = {
    controller: fleet.controller,
    fleetId: fleet.fleetId,
    tokenFile: `${home}/token`,
    publishKeyFile: `${home}/keys/${name}-publish.key`,
    rootKeyFile: `${home}/keys/${name}-root.key`,
  };
  const lines = Object.entries(context).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const keyFile = async (role: string): Promise<HostFile> => ({
    path: `${home}/keys/${name}-${role}.key`,
    text: await readFile(join(folder, `${name}-${role}.key`), "utf8"),
    mode: 0o600,
  });
  return [
    { path: `${home}/config.toml`, text: ['current = "lab"', "", "[contexts.lab]", ...lines, ""].join("\n") },
    { path: `${home}/token`, text: `${fleet.token}\n`, mode: 0o600 },
    ...(await Promise.all(roles.map(keyFile))),
  ];
}
