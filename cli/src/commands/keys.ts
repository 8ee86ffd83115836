/** SHELL. `chimera keys generate|list`. The files are Nix's own: `nix key generate-secret` makes the same. */
import { readdir, rm, lstat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { generateKey } from "@chimera/proto/signed/keys";
import type { Command } from "commander";
import { z } from "zod";
import { currentContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { addFleetOptions, examples, FleetOptions, parseOptions } from "../options.ts";
import { keyTable, type ListedKey } from "../print/key-table.ts";
import { printableJson } from "../print/printable.ts";
import { readSigner, writeNewFile } from "../secret-file.ts";

const GenerateOptions = z.object({ dir: z.string().default("."), json: z.boolean().default(false) });

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples(["chimera keys list", "chimera keys generate ops-publish-2 --dir ./keys"]),
  );
  command
    .command("generate")
    .description("Make a key pair: NAME.key (0600) and NAME.pub.")
    .argument("<name>", "name of the key, part of both files")
    .option("--dir <path>", "folder for the two files", ".")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera keys generate ops-publish-2"]))
    .action(async (name: string, options: unknown) =>
      generate(io, name, parseOptions(GenerateOptions, options)),
    );
  addFleetOptions(command.command("list"))
    .description("List the key files of a folder: name, public half, role, permissions.")
    .argument("[dir]", "folder (default: that of the context's publish key)")
    .addHelpText("after", examples(["chimera keys list", "chimera keys list ./keys --json"]))
    .action(async (dir: string | undefined, options: unknown) =>
      list(io, dir, parseOptions(FleetOptions, options)),
    );
}

async function generate(io: Io, name: string, { dir, json }: z.infer<typeof GenerateOptions>): Promise<void> {
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

async function list(io: Io, dir: string | undefined, options: FleetOptions): Promise<void> {
  const folder = dir === undefined ? await keyFolder(io, options.context) : resolve(io.cwd, dir);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", folder, { cause });
  });
  const keys: ListedKey[] = [];
  for (const name of names.filter((file) => file.endsWith(".key")).toSorted())
    keys.push(await describe(folder, name));
  io.out(options.json ? `${printableJson({ folder, keys }, 2)}\n` : keyTable(keys, io.paint));
  const open = keys.filter((key) => key.problem !== null);
  if (open.length === 0) return;
  throw new ChimeraError("file-unreadable", open.map(({ problem }) => problem).join("; "));
}

async function keyFolder(io: Io, contextName: string | undefined): Promise<string> {
  const { name, publishKeyFile } = await currentContext(io, contextName);
  if (publishKeyFile !== undefined) return dirname(publishKeyFile);
  throw new ChimeraError("config-invalid", `context "${name}" has no publishKeyFile: name a folder`);
}

/** A key that others can read is not opened at all: it is listed with what to do. */
async function describe(folder: string, name: string): Promise<ListedKey> {
  const path = join(folder, name);
  const facts = await lstat(path);
  const mode = (facts.mode & 0o777).toString(8).padStart(4, "0");
  return readSigner(path, "key file").then(
    (signer) => ({
      file: name,
      name: signer.name,
      publicKey: signer.publicKey,
      role: roleOf(name),
      mode,
      problem: null,
    }),
    (error: unknown) => {
      if (!(error instanceof ChimeraError)) throw error;
      return { file: name, name: null, publicKey: null, role: roleOf(name), mode, problem: error.message };
    },
  );
}

/** `chimera init` names files by role. */
function roleOf(file: string): string | null {
  const name = file.slice(0, -".key".length);
  return ["root", "publish", "panic", "order", "cache"].includes(name) ? name : null;
}
