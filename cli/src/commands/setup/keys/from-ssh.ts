/** SHELL. `chimera keys from-ssh`: an OpenSSH public key in the form that key sets have. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { parseOptions } from "../../../parse-options.ts";
import { printableJson } from "../../../print/printable.ts";
import { keyOfSshLine } from "../../../signers/ssh-public-key.ts";

const Options = z.object({ name: z.string().max(128), json: z.boolean().default(false) });

export async function fromSsh(io: Io, file: string, given: unknown): Promise<void> {
  const { name, json } = parseOptions(Options, given);
  const path = resolve(io.cwd, file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  const publicKey = keyOfSshLine(text, name);
  io.out(json ? `${printableJson({ name, publicKey })}\n` : `${publicKey}\n`);
}
