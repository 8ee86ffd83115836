/** SHELL. A file with a JWT: no secret, so others may read it; but no larger than one. */
import { readFile, stat } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";

const maxBytes = 1 << 20;

export async function readJwtFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new Error(`it has ${size} bytes`);
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new ChimeraError("file-unreadable", path, { cause });
  }
}
