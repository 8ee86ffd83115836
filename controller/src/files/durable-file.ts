/** SHELL. Small state files: whole or not at all, also after a power cut. */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { z } from "zod";
import { describeIssues } from "./describe-issues.ts";

/** Temporary file, fsync, rename, fsync of the directory. */
export function writeDurably(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeSynced(temporary, { text, mode, owner: ownerOf(path) });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new ChimeraError("file-unreadable", `write ${path}`, { cause });
  }
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
}

interface Owner {
  uid: number;
  gid: number;
}

/** What root writes for the service (`token create` typed with sudo) stays readable to the service's own user. */
function ownerOf(path: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return lstatSync(path, { throwIfNoEntry: false }) ?? lstatSync(dirname(path));
}

/** By descriptor: in a folder of another user the name may be another file by the next line. */
function writeSynced(path: string, file: { text: string; mode: number; owner: Owner | undefined }): void {
  const fd = openSync(path, "wx", file.mode);
  try {
    writeFileSync(fd, file.text);
    giveTo(fd, file.owner);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Not asked for where it is so already: the service may not. */
function giveTo(fd: number, owner: Owner | undefined): void {
  const { uid, gid } = fstatSync(fd);
  if (owner === undefined || (owner.uid === uid && owner.gid === gid)) return;
  fchownSync(fd, owner.uid, owner.gid);
}

/** Makes a new name of a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Undefined when there is no such file; throws state-invalid naming file and field. */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (isNoEntry(cause)) return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  }
  return parseJsonFile(path, text, schema);
}

function parseJsonFile<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("state-invalid", `${path} is not JSON`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new ChimeraError("state-invalid", `${path}: ${describeIssues(result.error)}`);
}

/** True for ENOENT, whatever threw it. */
export function isNoEntry(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
