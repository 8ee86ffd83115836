/** SHELL. The key that makes passes of nodes (NATS: scoped signing key), where nats-server knows its users by passes. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { readPass, signPass } from "@chimera/proto/nats/pass";
import { parseNkeySeed } from "@chimera/proto/nkey";
import type { ControllerConfig } from "../config.ts";
import { readNatsCredentials } from "../store/nats-seed.ts";

export interface NodeIssuer {
  publicKey: string;
  issue(node: string, nkey: string, nowMs: number): string;
}

const others = 0o077;

/** Null without a file. Throws file-unreadable or config-invalid, naming the configuration key and the file. */
export function readNodeIssuer(
  { nats }: Pick<ControllerConfig, "nats">,
  credentials: string | undefined,
): NodeIssuer | null {
  const { nodeIssuerFile: file, nodePassSeconds: seconds } = nats;
  if (file === undefined) return null;
  const { pass } = readNatsCredentials(nats);
  if (pass === null) {
    throw new ChimeraError(
      "config-invalid",
      "nats.nodeIssuerFile is of no use without nats.passFile, which names the account",
    );
  }
  const account = readPass(pass).nats.issuer_account;
  const signer = readIssuer(file, credentials);
  return {
    publicKey: signer.publicKey,
    issue: (name, nkey, nowMs) =>
      signPass({ name, nkey, account, seconds }, signer, Math.floor(nowMs / 1000)),
  };
}

function readIssuer(file: string, credentials: string | undefined) {
  const { mode, text } = readSeedFile(file);
  if ((mode & others) !== 0 && dirname(file) !== credentials) {
    throw new ChimeraError(
      "config-invalid",
      `nats.nodeIssuerFile ${file}: others may read it, chmod 600 is due`,
    );
  }
  try {
    return parseNkeySeed(text, "account");
  } catch (cause) {
    throw new ChimeraError("config-invalid", `nats.nodeIssuerFile ${file}`, { cause });
  }
}

function readSeedFile(file: string): { mode: number; text: string } {
  try {
    return { mode: statSync(file).mode, text: readFileSync(file, "utf8") };
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `nats.nodeIssuerFile ${file}`, { cause });
  }
}
