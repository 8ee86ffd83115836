/** SHELL. Secret files: made with 0600 and never over another file; read only when nobody else can read them. */
import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { ChimeraError } from "@chimera/proto/errors";

const maxBytes = 4096;

/** What a file is for, to name it in messages: "publish key", "token". */
export async function readSecret(path: string, purpose: string): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", `${purpose} ${path}`, { cause });
  });
  if (!facts.isFile()) throw new ChimeraError("file-unreadable", `${purpose} ${path} is not a file`);
  if ((facts.mode & 0o077) !== 0) {
    const mode = (facts.mode & 0o777).toString(8);
    throw new ChimeraError(
      "file-unreadable",
      `${purpose} ${path} can be read by others (mode ${mode}): chmod 600 ${path}`,
    );
  }
  if (facts.size > maxBytes)
    throw new ChimeraError("input-invalid", `${purpose} ${path} is too large for one`);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", `${purpose} ${path}`, { cause });
  });
  return text.trim();
}

export async function readSigner(path: string, purpose: string): Promise<Signer> {
  const text = await readSecret(path, purpose);
  try {
    return parseSecretKey(text);
  } catch (cause) {
    throw new ChimeraError("input-invalid", `${purpose} ${path}`, { cause });
  }
}

/** Throws file-unreadable when the file is there already: a secret is never overwritten. */
export async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, mode).catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", `write ${path}: nothing is overwritten`, { cause });
  });
  try {
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
