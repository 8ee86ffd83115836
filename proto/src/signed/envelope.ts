/**
 * PURE. DSSE v1: signed bytes, never a signed object, so nobody has to agree on how JSON is written.
 * Source: secure-systems-lab/dsse, protocol.md (PAE) and envelope.md.
 */
import { z } from "zod";
import { parseUtf8Json } from "./canonical.ts";
import { ChimeraError } from "../errors.ts";
import { publicKeyBytes, publicKeyName, PublicKeyText, verifyWith, type Signer } from "./keys.ts";

/** Characters of base 64: less than 1 MiB of document. */
const maxPayload = 1 << 20;
const signatureBytes = 64;

/** One text for each sequence of bytes: what decodes to the same in another spelling is another envelope, and refused. */
export const canonicalBase64 = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine(
      // Whatever is too long is refused for that alone: it is not worth decoding.
      (text) => text.length > maxLength || Buffer.from(text, "base64").toString("base64") === text,
      "is not base 64 in its canonical form",
    );

const Signature = canonicalBase64(128).refine(
  (text) => Buffer.from(text, "base64").length === signatureBytes,
  `a signature has ${signatureBytes} bytes`,
);

/** A media type. It is quoted before any signature is checked: nothing in it may move a cursor. */
const PayloadType = z
  .string()
  .max(128)
  .regex(/^[\x20-\x7e]*$/u, "is not printable ASCII");

export const Envelope = z.object({
  payloadType: PayloadType,
  payload: canonicalBase64(maxPayload),
  signatures: z
    .array(z.object({ keyid: z.string().max(128), sig: Signature }))
    .min(1)
    .max(32),
});
export type Envelope = z.infer<typeof Envelope>;

/** The kinds of signed documents; the type is signed too, so none can be read as another. */
export const DocumentKind = z.enum([
  "keys",
  "head",
  "panic",
  "order",
  "fresh",
  "status",
  "receipt",
  "shown",
  "answer",
  "pass-ask",
]);
export type DocumentKind = z.infer<typeof DocumentKind>;

/** In bytes. A node keeps documents: a state file too large to be read again would make it forget what it accepted. */
const maxDocument: Record<DocumentKind, number> = {
  keys: 64 * 1024,
  head: 16 * 1024,
  panic: 16 * 1024,
  order: maxPayload,
  fresh: 4 * 1024,
  status: maxPayload,
  receipt: 16 * 1024,
  shown: maxPayload,
  answer: 64 * 1024,
  "pass-ask": 1024,
};

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
  const signed = signingInput(kind, payload);
  return composeEnvelope(
    kind,
    payload,
    signers.map((signer) => ({ keyid: signer.name, sig: signer.sign(signed).toString("base64") })),
  );
}

/** The bytes that every signer of a document signs: for a key that lives in another process. */
export function signingInput(kind: DocumentKind, payload: Uint8Array): Buffer {
  return preAuthEncoding(payloadType(kind), payload);
}

/** An envelope of signatures that were made elsewhere; they are not checked here. */
export function composeEnvelope(
  kind: DocumentKind,
  payload: Buffer,
  signatures: Envelope["signatures"],
): Envelope {
  return { payloadType: payloadType(kind), payload: payload.toString("base64"), signatures };
}

/**
 * The signatures of both, each once, where both hold the same document. Throws content-conflict where they do not,
 * input-invalid when they are more than an envelope holds.
 */
export function mergeSignatures(a: Envelope, b: Envelope): Envelope {
  if (a.payload !== b.payload || a.payloadType !== b.payloadType) {
    throw new ChimeraError("content-conflict", "two envelopes of different documents");
  }
  const bySignature = new Map(
    [...a.signatures, ...b.signatures].map((one) => [`${one.keyid} ${one.sig}`, one]),
  );
  const merged = Envelope.safeParse({ ...a, signatures: [...bySignature.values()] });
  if (merged.success) return merged.data;
  throw new ChimeraError("input-invalid", `merged envelope: ${z.prettifyError(merged.error)}`);
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
  const payload = payloadOf(envelope, expected.kind);
  const signedBy = requireSigners(envelope, expected);
  return { message: parsePayload(payload, schema), payload, signedBy };
}

/** The document's bytes, unverified. Throws signature-invalid for a document of another kind, body-too-large. */
export function payloadOf(envelope: Envelope, kind: DocumentKind): Buffer {
  const type = payloadType(kind);
  if (envelope.payloadType !== type) {
    throw new ChimeraError(
      "signature-invalid",
      `payload type "${envelope.payloadType}" where "${type}" is due`,
    );
  }
  const payload = Buffer.from(envelope.payload, "base64");
  if (payload.length <= maxDocument[kind]) return payload;
  throw new ChimeraError(
    "body-too-large",
    `${payload.length} bytes of ${kind}, at most ${maxDocument[kind]}`,
  );
}

/** Names of the keys that count; throws signature-invalid when they are fewer than the role's threshold. */
export function requireSigners(
  envelope: Envelope,
  { kind, role }: { kind: DocumentKind; role: RoleKeys },
): string[] {
  const signedBy = signersOf(envelope, { kind, role });
  if (signedBy.length >= role.threshold) return signedBy;
  const named = envelope.signatures.map(({ keyid }) => `"${keyid}"`).join(", ");
  throw new ChimeraError(
    "signature-invalid",
    `${signedBy.length} of ${role.threshold} valid ${kind} signatures (it names ${named})`,
  );
}

/** Names of the role's keys that signed, each key once, however few: what a proposal has so far. */
export function signersOf(
  envelope: Envelope,
  { kind, role }: { kind: DocumentKind; role: RoleKeys },
): string[] {
  const signed = signingInput(kind, payloadOf(envelope, kind));
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

export function parsePayload<T>(payload: Buffer, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = parseUtf8Json(payload);
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
