/** SHELL. With what an operator enters NATS: seed and pass, as the context names them. */
import { readFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import { readPass } from "@chimera/proto/nats/pass";
import { parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";
import { readJwtFile } from "../nats-keys/jwt-file.ts";
import { readSecret } from "../secret-file.ts";

export interface OperatorCredentials {
  nkey: NkeySigner;
  pass?: () => string;
}

/** Throws config-invalid for a pass that is over, or is another's: the server would only say that it refuses. */
export async function readOperatorCredentials(
  { natsSeedFile, natsPassFile }: { natsSeedFile: string; natsPassFile?: string | undefined },
  nowMs: number,
): Promise<OperatorCredentials> {
  const nkey = parseNkeySeed(await readSecret(natsSeedFile, "NATS seed file"));
  if (natsPassFile === undefined) return { nkey };
  const text = await readJwtFile(natsPassFile);
  const { sub, exp } = readPass(text);
  const end = new Date(exp * 1000).toISOString();
  if (sub !== nkey.publicKey) {
    throw new ChimeraError(
      "config-invalid",
      `natsPassFile ${natsPassFile} is a pass of ${sub}, natsSeedFile is that of ${nkey.publicKey}`,
    );
  }
  if (exp * 1000 <= nowMs) {
    throw new ChimeraError(
      "config-invalid",
      `natsPassFile ${natsPassFile} was a pass until ${end}: "chimera nats pass" makes another`,
    );
  }
  return { nkey, pass: followPass(natsPassFile, text) };
}

/** A watch of days outlives a pass: the one that has taken its place counts, and what cannot be read does not. */
function followPass(file: string, first: string): () => string {
  let last = first;
  return () => {
    try {
      const text = readFileSync(file, "utf8").trim();
      readPass(text);
      last = text;
    } catch {
      // The server says what it thinks of the last one.
    }
    return last;
  };
}
