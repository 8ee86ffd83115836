import { expect, test } from "vitest";
import { generateKey, parseSecretKey, PublicKeyText, verifyWith } from "./keys.ts";

/** RFC 8032 §7.1, test 1: the seed, its public key, and the signature of the empty message. */
const rfcSeed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
const rfcPublic = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
const rfcSignature =
  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
const keyFile = (...halves: Buffer[]) => `rfc:${Buffer.concat(halves).toString("base64")}`;

test("reads Nix's secret key form and signs as RFC 8032 says", () => {
  const signer = parseSecretKey(keyFile(rfcSeed, rfcPublic));
  expect(signer.publicKey).toBe(`rfc:${rfcPublic.toString("base64")}`);
  expect(signer.sign(Buffer.alloc(0)).toString("hex")).toBe(rfcSignature);
});

test("signs with what it generated, and verifies with the public half", () => {
  const pair = generateKey("ops-1");
  const signer = parseSecretKey(`${pair.secret}\n`);
  const signature = signer.sign(Buffer.from("hello"));
  expect(signer.publicKey).toBe(pair.public);
  expect(verifyWith(pair.public, Buffer.from("hello"), signature)).toBe(true);
  expect(verifyWith(pair.public, Buffer.from("hellO"), signature)).toBe(false);
});

test("refuses a secret key whose halves do not belong together, without repeating it", () => {
  const text = keyFile(rfcSeed, rfcSeed);
  expect(() => parseSecretKey(text)).toThrow(/^secret key "rfc" does not match its own public half$/);
});

test.each(["", "name", "name:", ":AAAA", "na me:AAAA", "name:AAAA", `name:${"A".repeat(44)}`])(
  "refuses %j as a public key",
  (text) => {
    expect(PublicKeyText.safeParse(text).success).toBe(false);
  },
);

test("refuses base64 that is not in its one form", () => {
  const { public: key } = generateKey("a");
  expect(PublicKeyText.safeParse(`${key} `).success).toBe(false);
  expect(PublicKeyText.safeParse(key.replace(/=+$/, "")).success).toBe(false);
});

test("refuses a key name with a colon or a slash", () => {
  expect(() => generateKey("a:b")).toThrow(/key name/);
  expect(() => generateKey("../a")).toThrow(/key name/);
});
