/** SHELL. `chimera nats init`: the NATS keys of a fleet that has none, in a new folder. */
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { usualServer } from "@chimera/proto/nats/server-config";
import { currentContext } from "../../../context/current-context.ts";
import type { Io } from "../../../io.ts";
import { makeNatsFolder } from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { newNatsText } from "../../../print/nats/nats-text.ts";
import { syncFolder } from "../../../secret-file.ts";
import { FolderOptions, folderOf, nowS } from "./folder-options.ts";

export async function init(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(FolderOptions, given);
  const { fleetId } = await currentContext(io, options.context);
  const folder = await folderOf(io, options);
  if ((await stat(folder).catch(() => null)) !== null) {
    throw new ChimeraError("usage", `${folder} exists: keys are never overwritten, choose another --dir`);
  }
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  // Whole or not at all: with half of the keys no server starts.
  const temporary = await mkdtemp(join(parent, ".nats-"));
  try {
    await makeKeys(io, temporary, fleetId);
    await rename(temporary, folder);
    await syncFolder(parent);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  io.out(newNatsText(folder));
}

/** Into a folder that is there and empty. */
export async function makeKeys(io: Io, folder: string, fleetId: FleetId): Promise<void> {
  const limits = { memoryBytes: usualServer.maxMemoryBytes, fileBytes: usualServer.maxFileBytes };
  await makeNatsFolder(folder, { fleetId, limits, nowS: nowS(io) });
}
