/**
 * PURE. JWTs as nats-server takes them: version 2, signed with ed25519 by an nkey over header and claims. Only this one algorithm exists
 * here: what names another is not a JWT.
 */
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { verifyNkey, type NkeySigner } from "../nkey.ts";
import { sha256 } from "../signed/canonical.ts";

export interface JwtClaims {
  name: string;
  /** The public nkey that it is about. */
  sub: string;
  /** Seconds since 1970; none: for ever. */
  exp?: number;
  nats: object;
}

/** An account with thousands of revocations; a user's has less than 1 KiB. */
const maxJwtLength = 1 << 20;

const header = { typ: "JWT", alg: "ed25519-nkey" };
const Header = z.object({ typ: z.literal("JWT"), alg: z.literal("ed25519-nkey") });
const Issued = z.object({ iss: z.string().max(64) });

export function signJwt(claims: JwtClaims, signer: NkeySigner, nowS: number): string {
  const issued = { ...claims, iss: signer.publicKey, iat: nowS };
  const jti = sha256(Buffer.from(JSON.stringify(issued)));
  const signed = `${encode(header)}.${encode({ jti, ...issued })}`;
  return `${signed}.${signer.sign(Buffer.from(signed)).toString("base64url")}`;
}

/**
 * What its issuer signed, in the form of `schema`; whether that issuer counts is for the caller to look at (`iss`). Throws input-invalid
 * or signature-invalid, without repeating it.
 */
export function readJwt<T>(text: string, schema: z.ZodType<T>, what: string): T {
  const [first, second, third] = splitJwt(text.trim(), what);
  if (!Header.safeParse(decode(first)).success) {
    throw new ChimeraError("input-invalid", `${what} is no JWT of NATS: its algorithm is another`);
  }
  const claims = decode(second);
  const issued = Issued.safeParse(claims);
  const signature = Buffer.from(third, "base64url");
  if (!issued.success || !verifyNkey(issued.data.iss, Buffer.from(`${first}.${second}`), signature)) {
    throw new ChimeraError("signature-invalid", `${what} is not what its issuer signed`);
  }
  const result = schema.safeParse(claims);
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `${what}: ${z.prettifyError(result.error)}`);
}

function splitJwt(text: string, what: string): [string, string, string] {
  const [first = "", second = "", third = "", ...more] = text.split(".", 4);
  const isWhole = more.length === 0 && [first, second, third].every((part) => /^[\w-]+$/u.test(part));
  if (text.length > maxJwtLength || !isWhole) throw new ChimeraError("input-invalid", `${what} is no JWT`);
  return [first, second, third];
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Null for what is no JSON. */
function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return null;
  }
}
