/** SHELL. Keys that ssh-agent holds: the secret half, or the hardware key behind it, stays there. */
import { ChimeraError } from "@chimera/proto/errors";
import { publicKeyBytes, publicKeyName, verifyWith, type PublicKeyText } from "@chimera/proto/signed/keys";
import type { Io } from "../io.ts";
import { askAgent } from "./ask-agent.ts";
import type { RemoteSigner } from "./remote-signer.ts";
import { keyBlob, readKeyBlob, readSignature, readSshString, sshString } from "./ssh-wire.ts";

const requestIdentities = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
const noFlags = Buffer.alloc(4);
const mostIdentities = 1024;
/** Nobody is asked anything for a list. */
const listPatienceMs = 5000;
/** Somebody may have to touch a key, or to type its PIN. */
const signPatienceMs = 120_000;

/** Those of the wanted keys that the agent holds now. Throws tool-failed where there is no agent to ask. */
export async function agentSigners(io: Io, wanted: readonly PublicKeyText[]): Promise<RemoteSigner[]> {
  const held = await heldKeys(io);
  return wanted
    .filter((key) => held.some((publicKey) => publicKey.equals(publicKeyBytes(key))))
    .map((key) => ({
      name: publicKeyName(key),
      publicKey: key,
      sign: (bytes) => signByAgent(io, key, bytes),
    }));
}

async function heldKeys(io: Io): Promise<Buffer[]> {
  const { type, body } = await askAgent(io, {
    type: requestIdentities,
    body: Buffer.alloc(0),
    patienceMs: listPatienceMs,
  });
  if (type !== identitiesAnswer || body.length < 4) {
    throw new ChimeraError("tool-failed", "ssh-agent does not list its keys: is it locked?");
  }
  const count = Math.min(body.readUInt32BE(), mostIdentities);
  const keys: Buffer[] = [];
  let rest = body.subarray(4);
  for (let i = 0; i < count; i += 1) {
    const blob = readSshString(rest);
    rest = readSshString(blob.rest).rest;
    const { publicKey } = readKeyBlob(blob.value);
    if (publicKey !== undefined) keys.push(publicKey);
  }
  return keys;
}

/** Checked here: an agent that signs something else, or by another key, is found before anybody is sent it. */
async function signByAgent(io: Io, key: PublicKeyText, bytes: Buffer): Promise<Buffer> {
  const body = Buffer.concat([sshString(keyBlob(publicKeyBytes(key))), sshString(bytes), noFlags]);
  const answer = await askAgent(io, { type: signRequest, body, patienceMs: signPatienceMs });
  if (answer.type !== signResponse) {
    throw new ChimeraError(
      "tool-failed",
      `ssh-agent refuses to sign with "${publicKeyName(key)}": was the touch or the confirmation missed?`,
    );
  }
  const signature = readSignature(readSshString(answer.body).value);
  if (verifyWith(key, bytes, signature)) return signature;
  throw new ChimeraError("signature-invalid", `ssh-agent's signature is not by "${publicKeyName(key)}"`);
}
