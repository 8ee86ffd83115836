/** SHELL. Which folder of NATS keys a call is about. */
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { contextFilePath } from "../../../context/context-file.ts";
import { currentContext } from "../../../context/current-context.ts";
import type { Io } from "../../../io.ts";

export const FolderOptions = z.object({
  context: z.string().optional(),
  dir: z.string().min(1).optional(),
});
type FolderOptions = z.infer<typeof FolderOptions>;

export const SigningOptions = FolderOptions.extend({ rootSeed: z.string().min(1).optional() });

/** Beside the fleet's other keys, as `chimera init` puts them. */
export async function folderOf(io: Io, { context, dir }: FolderOptions): Promise<string> {
  if (dir !== undefined) return resolve(io.cwd, dir);
  const { name } = await currentContext(io, context);
  return join(dirname(contextFilePath(io)), "keys", name, "nats");
}

export const nowS = (io: Io): number => Math.floor(io.nowMs() / 1000);
