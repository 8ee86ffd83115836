/** SHELL. `chimera keys nats`: an operator's own name in NATS, with which a panic is released when no controller answers. */
import { join, resolve } from "node:path";
import { generateNkey } from "@chimera/proto/nkey";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { parseOptions } from "../../../parse-options.ts";
import { printableJson } from "../../../print/printable.ts";
import { writeNewFile } from "../../../secret-file.ts";

const Options = z.object({ dir: z.string().default("."), json: z.boolean().default(false) });

export async function makeNatsSeed(io: Io, given: unknown): Promise<void> {
  const { dir, json } = parseOptions(Options, given);
  const { seed, publicKey } = generateNkey();
  const seedFile = join(resolve(io.cwd, dir), "nats.seed");
  await writeNewFile(seedFile, `${seed}\n`, 0o600);
  io.out(json ? `${printableJson({ nkey: publicKey, seedFile })}\n` : `${publicKey}\n`);
  if (!json) {
    io.err(
      `On the controller: chimera-controller operator add --operator NAME --nkey ${publicKey}\n(where nats-server knows passes, instead: chimera nats pass --role operator --name NAME --nkey ${publicKey} > nats.pass, and natsPassFile in the context)\nIn the context: natsServers = ["nats://HOST:4222"] and natsSeedFile = ${JSON.stringify(seedFile)}\n`,
    );
  }
}
