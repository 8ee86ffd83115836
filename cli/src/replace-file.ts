/** SHELL. Writes a whole file or nothing: temporary file, fsync, rename, fsync of the folder. */
import { mkdir, rename, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { syncFolder, writeNewFile } from "./secret-file.ts";

export async function replaceFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeNewFile(temporary, text, 0o600);
  try {
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}
