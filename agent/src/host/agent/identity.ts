/** SHELL. The node's two identities: its NATS user and the key that signs its status. Made once, never overwritten. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { generateKey, parseSecretKey, type PublicKeyText, type Signer } from "@chimera/proto/signed/keys";
import type { NodeName } from "@chimera/proto/names";
import { generateNkey, parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";
import { writeDurably } from "../state/state-file.ts";

export interface IdentityCard {
  node: NodeName;
  nkey: string;
  nodeKey: PublicKeyText;
}

/** Makes what is missing in the folder, and says what is there. */
export function ensureIdentity(folder: string, node: NodeName): IdentityCard {
  const seedFile = join(folder, "nats.seed");
  const keyFile = join(folder, "node.key");
  if (statSync(seedFile, { throwIfNoEntry: false }) === undefined)
    writeDurably(seedFile, `${generateNkey().seed}\n`);
  if (statSync(keyFile, { throwIfNoEntry: false }) === undefined) {
    writeDurably(keyFile, `${generateKey(node).secret}\n`);
  }
  return { node, nkey: readSeed(seedFile).publicKey, nodeKey: readNodeKey(keyFile).publicKey };
}

export function readSeed(file: string): NkeySigner {
  return parseNkeySeed(readSecret(file));
}

export function readNodeKey(file: string): Signer {
  return parseSecretKey(readSecret(file));
}

/** Throws for a key file that is missing or holds none. */
export function checkIdentity(files: { nats: { seedFile: string }; nodeKeyFile: string }): void {
  readSeed(files.nats.seedFile);
  readNodeKey(files.nodeKeyFile);
}

/** The message names the file, never what is in it. */
export function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `${file} could not be read`, { cause });
  }
}
