/** SHELL. Files as they are, without reading what is in them; and small files that hold no secret. */
import type { Stats } from "node:fs";
import { readFile, stat, statfs } from "node:fs/promises";
import { errorChain } from "@chimera/proto/errors";
import type { z } from "zod";
import type { FileFacts, SpaceFacts } from "../facts.ts";

const maxBytes = 4 << 20;

export async function fileFacts(path: string): Promise<FileFacts> {
  try {
    const found = await stat(path);
    return { path, kind: kindOf(found), mode: found.mode & 0o7777, uid: found.uid };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { path, kind: isMissing ? "missing" : "unreadable", mode: 0, uid: 0 };
  }
}

function kindOf(found: Stats): FileFacts["kind"] {
  if (found.isFile()) return "file";
  return found.isDirectory() ? "folder" : "other";
}

export async function spaceFacts(path: string, reserveMb: number): Promise<SpaceFacts> {
  const freeBytes = await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  return { path, freeBytes, reserveBytes: reserveMb * (1 << 20) };
}

/** Null where nobody can read it, or it is larger than such files are. */
export async function readSmall(path: string): Promise<string | null> {
  try {
    const text = await readFile(path, "utf8");
    return text.length > maxBytes ? null : text;
  } catch {
    return null;
  }
}

/** The value, or what is wrong with the file. */
export async function readJson<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<{ value: T } | { problem: string }> {
  const facts = await fileFacts(path);
  if (facts.kind === "missing") return { problem: "it is not there" };
  const text = await readSmall(path);
  if (text === null) return { problem: "it cannot be read" };
  try {
    const result = schema.safeParse(JSON.parse(text));
    if (result.success) return { value: result.data };
    const [issue] = result.error.issues;
    return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}` };
  } catch (error) {
    return { problem: errorChain(error) };
  }
}
