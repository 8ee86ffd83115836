/**
 * PURE. DSSE v1: signed bytes, never a signed object, so nobody has to agree on how JSON is written.
 * Source: secure-systems-lab/dsse, protocol.md (PAE) and envelope.md.
 */
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { publicKeyBytes, publicKeyName, PublicKeyText, verifyWith, type Signer } from "./keys.ts";

const maxPayload = 1 << 20;

export const Envelope = z.object({
  payloadType: z.string().max(128),
  payload: z.base64().max(maxPayload),
  signatures: z
    .array(z.object({ keyid: z.string().max(128), sig: z.base64().max(128) }))
    .min(1)
    .max(16),
});
export type Envelope = z.infer<typeof Envelope>;

/** The kinds of signed documents; the type is signed too, so none can be read as another. */
export type DocumentKind = "keys" | "head" | "status" | "receipt";

export function payloadType(kind: DocumentKind): string {
  return `application/vnd.chimera.${kind}.v1+json`;
}

/** Who may sign a kind of document: any `threshold` of these keys. */
export const RoleKeys = z
  .object({ keys: z.array(PublicKeyText).min(1).max(32), threshold: z.int().min(1).max(32) })
  .refine(
    ({ keys, threshold }) =>
      threshold <= new Set(keys.map((key) => publicKeyBytes(key).toString("hex"))).size,
    "threshold is higher than the number of different keys",
  );
export type RoleKeys = z.infer<typeof RoleKeys>;

/** Signs the message's JSON with every signer, in their order. */
export function seal(kind: DocumentKind, message: unknown, signers: readonly Signer[]): Envelope {
  return sealBytes(kind, Buffer.from(JSON.stringify(message)), signers);
}

/** Signs bytes as they are: for a payload whose exact form is fixed elsewhere. */
export function sealBytes(kind: DocumentKind, payload: Buffer, signers: readonly Signer[]): Envelope {
  const type = payloadType(kind);
  const signed = preAuthEncoding(type, payload);
  return {
    payloadType: type,
    payload: payload.toString("base64"),
    signatures: signers.map((signer) => ({
      keyid: signer.name,
      sig: signer.sign(signed).toString("base64"),
    })),
  };
}

export interface Opened<T> {
  message: T;
  /** The exact signed bytes: documents are named by their SHA-256. */
  payload: Buffer;
  /** Names of the keys whose signatures counted. */
  signedBy: string[];
}

/**
 * Verifies, then parses; a schema never sees a byte that was not signed. Signatures count per key: one key
 * under two names or in two entries counts once. Throws signature-invalid, or input-invalid for a
 * signed payload that does not fit the schema.
 */
export function openEnvelope<T>(
  envelope: Envelope,
  expected: { kind: DocumentKind; role: RoleKeys },
  schema: z.ZodType<T>,
): Opened<T> {
  const type = payloadType(expected.kind);
  if (envelope.payloadType !== type) {
    throw new ChimeraError(
      "signature-invalid",
      `payload type "${envelope.payloadType}" where "${type}" is due`,
    );
  }
  const payload = Buffer.from(envelope.payload, "base64");
  const signedBy = validSigners(envelope, preAuthEncoding(type, payload), expected.role);
  if (signedBy.length < expected.role.threshold) {
    const named = envelope.signatures.map(({ keyid }) => `"${keyid}"`).join(", ");
    throw new ChimeraError(
      "signature-invalid",
      `${signedBy.length} of ${expected.role.threshold} valid ${expected.kind} signatures (it names ${named})`,
    );
  }
  return { message: parsePayload(payload, schema), payload, signedBy };
}

function validSigners(envelope: Envelope, signed: Buffer, role: RoleKeys): string[] {
  const byKey = new Map<string, string>();
  for (const key of role.keys) {
    const name = publicKeyName(key);
    const valid = envelope.signatures.some(
      ({ keyid, sig }) => keyid === name && verifyWith(key, signed, Buffer.from(sig, "base64")),
    );
    if (valid) byKey.set(publicKeyBytes(key).toString("hex"), name);
  }
  return [...byKey.values()];
}

function parsePayload<T>(payload: Buffer, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(payload.toString("utf8"));
  } catch (cause) {
    throw new ChimeraError("input-invalid", "a signed payload is not JSON", { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `signed payload: ${z.prettifyError(result.error)}`);
}

/** PAE: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in decimal ASCII. */
export function preAuthEncoding(type: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]);
}
