/** SHELL. `chimera nats config`: what nats-server is started with, for users that come with passes. */
import { passSettings, renderServerConfig } from "@chimera/proto/nats/server-config";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { openNatsFolder } from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { FolderOptions, folderOf } from "./folder-options.ts";

const Options = FolderOptions.extend({
  host: z.string().min(1).max(253),
  port: z.coerce.number("a port").int("a port").min(1, "a port").max(65_535, "a port"),
  storeDir: z.string().startsWith("/", "an absolute path").max(1024),
});

export async function config(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const { fleet, system, jwts } = await openNatsFolder(await folderOf(io, options));
  const { host, port, storeDir } = options;
  const { memoryBytes: maxMemoryBytes, fileBytes: maxFileBytes } = fleet.limits;
  const settings = passSettings(
    { host, port, storeDir, maxMemoryBytes, maxFileBytes },
    {
      root: jwts.root,
      account: { nkey: fleet.account, jwt: jwts.account },
      system: { nkey: system.account, jwt: jwts.system },
    },
  );
  io.out(
    renderServerConfig(
      settings,
      "Written by chimera nats config. Later changes of the accounts: chimera nats push.",
    ),
  );
}
