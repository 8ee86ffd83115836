/** SHELL. `chimera keys generate`. The files are Nix's own: `nix key generate-secret` makes the same. */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { parseOptions } from "../../../parse-options.ts";
import { printableJson } from "../../../print/printable.ts";
import { writeNewFile } from "../../../secret-file.ts";

const Options = z.object({ dir: z.string().default("."), json: z.boolean().default(false) });

export async function generate(io: Io, name: string, given: unknown): Promise<void> {
  const { dir, json } = parseOptions(Options, given);
  const key = generateKey(name);
  const folder = resolve(io.cwd, dir);
  const secretFile = join(folder, `${name}.key`);
  await writeNewFile(secretFile, `${key.secret}\n`, 0o600);
  try {
    await writeNewFile(join(folder, `${name}.pub`), `${key.public}\n`, 0o644);
  } catch (error) {
    // A secret beside another key's public half would be taken for its own.
    await rm(secretFile);
    throw error;
  }
  io.out(json ? `${printableJson({ name, publicKey: key.public, secretFile })}\n` : `${key.public}\n`);
}
