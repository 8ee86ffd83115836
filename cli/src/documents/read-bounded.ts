/** SHELL. JSON files that came from somebody else: bounded in size, parsed by a schema, every failure with the file's name. */
import { open } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { z } from "zod";
import { firstIssues } from "./first-issues.ts";

/** Bytes; a world of 10,000 nodes has 8 MB, receipts of as many about 40. */
const maxFileBytes = 128 * 1024 * 1024;

/** Throws file-unreadable, body-too-large or input-invalid. */
async function readBoundedJson(path: string, maxBytes = maxFileBytes): Promise<unknown> {
  const text = await readBoundedText(path, maxBytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("input-invalid", `${path} is not JSON, or not whole`, { cause });
  }
}

export async function readBoundedFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(await readBoundedJson(path));
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `${path}: ${firstIssues(result.error)}`);
}

/** Reads no more than the bound, whatever the size says: a pipe or a growing file has none. */
async function readBoundedText(path: string, maxBytes: number): Promise<string> {
  const unreadable = (cause: unknown): never => {
    throw new ChimeraError("file-unreadable", path, { cause });
  };
  const file = await open(path, "r").catch(unreadable);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, end: maxBytes })) {
      const part = Buffer.from(chunk);
      size += part.length;
      chunks.push(part);
    }
    if (size > maxBytes) throw new ChimeraError("body-too-large", `${path} has more than ${maxBytes} bytes`);
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    await file.close();
  }
}
