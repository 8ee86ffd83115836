/** SHELL. A key that signs, in a file or in another process: only whoever holds it sees the secret half. */
import {
  composeEnvelope,
  signingInput,
  type DocumentKind,
  type Envelope,
} from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";

export interface RemoteSigner {
  /** As the key set has it. */
  name: string;
  publicKey: PublicKeyText;
  sign(bytes: Buffer): Promise<Buffer>;
}

/** Signs the exact bytes, by one key after the other: a hardware key asks to be touched. */
export async function signDocument(
  kind: DocumentKind,
  payload: Buffer,
  signers: readonly RemoteSigner[],
): Promise<Envelope> {
  const input = signingInput(kind, payload);
  const signatures: Envelope["signatures"] = [];
  for (const signer of signers) {
    signatures.push({ keyid: signer.name, sig: (await signer.sign(input)).toString("base64") });
  }
  return composeEnvelope(kind, payload, signatures);
}
