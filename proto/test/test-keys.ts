/** Key pairs for test vectors only, which everybody knows: of each the seed is the SHA-256 of a text. */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { parseSecretKey, type Signer } from "../src/signed/keys.ts";

/** PKCS #8 header of an ed25519 key, RFC 8410. */
const pkcs8Header = Buffer.from("302e020100300506032b657004220420", "hex");

/** The seed of key NAME is SHA-256("chimera test key NAME"). */
export function testSigner(name: string): Signer {
  const seed = createHash("sha256").update(`chimera test key ${name}`).digest();
  const secret = createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: "der", type: "pkcs8" });
  const publicKey = Buffer.from(createPublicKey(secret).export({ format: "jwk" }).x ?? "", "base64url");
  return parseSecretKey(`${name}:${Buffer.concat([seed, publicKey]).toString("base64")}`);
}
