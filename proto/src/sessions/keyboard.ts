/**
 * PURE. Who types into a session: an operator signs an order for the keyboard, with one half of a key exchange (X25519, RFC 7748); the node
 * signs the other half. From both come the key (HKDF, RFC 5869) with which each message of keys is authenticated (HMAC, RFC 2104), so
 * whoever only carries the messages can neither type nor repeat what was typed.
 */
import {
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { Digest } from "../names.ts";
import { canonicalBase64 } from "../signed/envelope.ts";
import { TerminalSize } from "./session.ts";

const keyBytes = 32;

/** The raw 32 bytes of a public key, in base 64. */
export const ExchangeHalf = canonicalBase64(44).refine(
  (text) => Buffer.from(text, "base64").length === keyBytes,
  `a half of a key exchange has ${keyBytes} bytes`,
);
export type ExchangeHalf = z.infer<typeof ExchangeHalf>;

export interface Exchange {
  /** To be signed and sent. */
  half: ExchangeHalf;
  /** Throws input-invalid for a half that gives away the result (RFC 7748, §6.1). */
  keyWith: (other: ExchangeHalf, order: Digest) => Buffer;
}

export function createExchange(): Exchange {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return {
    half: Buffer.from(x, "base64url").toString("base64"),
    keyWith(other, order) {
      const jwk = { kty: "OKP", crv: "X25519", x: Buffer.from(other, "base64").toString("base64url") };
      try {
        const shared = diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: "jwk" }) });
        return Buffer.from(
          hkdfSync("sha256", shared, Buffer.from(order, "hex"), "chimera keyboard v1", keyBytes),
        );
      } catch (cause) {
        throw new ChimeraError("input-invalid", "that is no half of a key exchange", { cause });
      }
    },
  };
}

/** Of one message: what fits into a few of tmux's commands. */
export const maxKeyBytes = 4096;

const Typed = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("keys"), keys: canonicalBase64(Math.ceil(maxKeyBytes / 3) * 4) }),
  z.object({ kind: z.literal("size"), size: TerminalSize }),
  /** Whoever holds it gives it back. */
  z.object({ kind: z.literal("release") }),
]);
export type Typed = z.infer<typeof Typed>;

export const KeyMessage = z.object({
  v: z.literal(1),
  /** Id of the order that gave the keyboard. */
  order: Digest,
  /** Rises with each message: one that came before does nothing. */
  seq: z.int().min(1),
  typed: Typed,
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type KeyMessage = z.infer<typeof KeyMessage>;

export function sealTyped(
  key: Buffer,
  { order, seq, typed }: Pick<KeyMessage, "order" | "seq" | "typed">,
): KeyMessage {
  return { v: 1, order, seq, typed, mac: macOf(key, { order, seq, typed }).toString("hex") };
}

/** Throws signature-invalid for what its holder did not type, order-used for what came before. */
export function openTyped(key: Buffer, message: KeyMessage, lastSeq: number): Typed {
  if (!timingSafeEqual(macOf(key, message), Buffer.from(message.mac, "hex"))) {
    throw new ChimeraError("signature-invalid", "those keys are not from whoever holds the keyboard");
  }
  if (message.seq <= lastSeq) throw new ChimeraError("order-used", `keys ${message.seq} came before`);
  return message.typed;
}

/** Over one text for each message: the parsed one, written down in one sequence. */
function macOf(key: Buffer, { order, seq, typed }: Pick<KeyMessage, "order" | "seq" | "typed">): Buffer {
  const words =
    typed.kind === "keys" ? [typed.keys] : typed.kind === "size" ? [typed.size.columns, typed.size.rows] : [];
  return createHmac("sha256", key)
    .update(JSON.stringify([1, order, seq, typed.kind, ...words]))
    .digest();
}
