/** SHELL. A TOML file against its schema: what is wrong is named by file and field. */
import { readFile } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";

/** Undefined when there is no such file. */
export async function readToml<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  if (text === undefined) return undefined;
  const result = schema.safeParse(parseText(text, path));
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 8).map(({ path: field, message }) => {
    return field.length === 0 ? message : `${field.join(".")}: ${message}`;
  });
  throw new ChimeraError("config-invalid", `${path}: ${issues.join("; ")}`);
}

function parseText(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `${path} is not TOML${placeOf(cause)}`);
  }
}

/** Not its own picture of the lines around: they may hold a secret. */
function placeOf(error: unknown): string {
  if (!(error instanceof TomlError)) return "";
  const [what = ""] = error.message.split("\n", 1);
  return `: line ${error.line}, column ${error.column}: ${what.replace(/^Invalid TOML document: /u, "")}`;
}
