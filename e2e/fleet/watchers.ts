// SHELL. Machines of a lab fleet from which somebody only watches: with a CLI, an nkey and a token of their own, which may
// read, and without any key that signs.
import { mkdir, readFile } from "node:fs/promises";
import { z } from "zod";
import type { FleetId } from "@chimera/proto/names";
import type { HostFile } from "../lab/host/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import type { RunProgram } from "./run-program.ts";

const MadeSeed = z.object({ nkey: z.string(), seedFile: z.string() });
export type MadeSeed = z.infer<typeof MadeSeed>;

export interface Watcher extends MadeSeed {
  name: string;
}

const home = "/root/.config/chimera";

/** Somebody's own name in NATS. */
export async function makeSeed(run: RunProgram, folder: string): Promise<MadeSeed> {
  return MadeSeed.parse(JSON.parse(await run("chimera", ["keys", "nats", "--dir", folder, "--json"])));
}

export async function makeWatchers(run: RunProgram, names: readonly string[]): Promise<Watcher[]> {
  return Promise.all(
    names.map(async (name) => {
      const folder = fleetFolder("watchers", name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return { name, ...(await makeSeed(run, folder)) };
    }),
  );
}

/** Two contexts: the current one goes over NATS, `web` knows the controller only. */
export async function watcherFiles(
  { seedFile }: Watcher,
  fleet: { fleetId: FleetId; controller: string; token: string },
): Promise<HostFile[]> {
  const web = [
    `controller = ${JSON.stringify(fleet.controller)}`,
    `fleetId = ${JSON.stringify(fleet.fleetId)}`,
    `tokenFile = "${home}/token"`,
  ];
  const lab = [...web, 'natsServers = ["nats://hub:4222"]', `natsSeedFile = "${home}/nats.seed"`];
  const text = ['current = "lab"', "", "[contexts.lab]", ...lab, "", "[contexts.web]", ...web, ""].join("\n");
  return [
    { path: `${home}/config.toml`, text, mode: 0o600 },
    { path: `${home}/token`, text: `${fleet.token}\n`, mode: 0o600 },
    { path: `${home}/nats.seed`, text: await readFile(seedFile, "utf8"), mode: 0o600 },
  ];
}
