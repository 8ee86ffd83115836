/** SHELL. Small versioned JSON documents that survive a power cut: temp file, fsync, rename, fsync of the directory. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { z } from "zod";
import { dropBallast, isDiskFull } from "./ballast.ts";

const maxBytes = 4 << 20;

export type StateRead<T> =
  | { kind: "missing" }
  | { kind: "ok"; value: T }
  /** What was unreadable lies aside as evidence; the file itself is gone. */
  | { kind: "corrupt"; keptAs: string; reason: string };

/** Throws file-unreadable for a version above `newestVersion`: that file is left alone. */
export function readStateFile<T>(path: string, schema: z.ZodType<T>, newestVersion = 1): StateRead<T> {
  const text = readBounded(path);
  if (text === undefined) return { kind: "missing" };
  if (text === null) return setAside(path, `larger than ${maxBytes} bytes`);
  const json = parseJson(text);
  if (json === undefined) return setAside(path, "not JSON");
  const result = schema.safeParse(json);
  if (result.success) return { kind: "ok", value: result.data };
  const version = versionOf(json);
  if (version !== undefined && !(typeof version === "number" && version <= newestVersion)) {
    throw new ChimeraError(
      "file-unreadable",
      `${path} has version ${JSON.stringify(version)}: a newer agent wrote it`,
    );
  }
  return setAside(
    path,
    result.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`).join("; "),
  );
}

/** Only looked at: null where there is none of this form, and whatever there is stays as it is. */
export function peekStateFile<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = readBounded(path);
  return typeof text === "string" ? (schema.safeParse(parseJson(text)).data ?? null) : null;
}

/** Throws file-unreadable when the disk refuses; then the old document is still whole. */
export function writeStateFile(path: string, value: unknown): void {
  writeDurably(path, `${JSON.stringify(value)}\n`);
}

/** A full disk gives up its ballast once: what undoes the cause of it must be written. */
export function writeDurably(path: string, text: string): void {
  try {
    try {
      replaceFile(path, text);
    } catch (error) {
      if (isMissing(error)) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      else if (!isDiskFull(error) || !dropBallast(dirname(path))) throw error;
      replaceFile(path, text);
    }
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `${path} could not be written`, { cause });
  }
}

/** The folder: it is there at every write but the first. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Without it a rename can be undone by a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** undefined: no such file; null: too large to read. */
function readBounded(path: string): string | null | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  return facts.size > maxBytes ? null : readFileSync(path, "utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function versionOf(json: unknown): unknown {
  return typeof json === "object" && json !== null && "v" in json ? json.v : undefined;
}

function setAside<T>(path: string, reason: string): StateRead<T> {
  const keptAs = `${path}.corrupt-${Date.now()}`;
  renameSync(path, keptAs);
  return { kind: "corrupt", keptAs, reason: reason.slice(0, 1024) };
}
