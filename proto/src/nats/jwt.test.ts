import { createHmac, sign, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { generateNkey, parseNkeySeed } from "../nkey.ts";
import { readJwt, signJwt } from "./jwt.ts";

const { seed, publicKey } = generateNkey("account");
const issuer = parseNkeySeed(seed, "account");
const Claims = z.object({ iss: z.string(), iat: z.int(), sub: z.string(), name: z.string() });
const again = (at: number) => signJwt({ name: "n1", sub: "U", nats: { type: "user" } }, issuer, at);
const jwt = again(1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function withHeader(header: unknown): string {
  const signed = `${part(header)}.${jwt.split(".")[1]}`;
  return `${signed}.${issuer.sign(Buffer.from(signed)).toString("base64url")}`;
}

test("reads what was signed, and says by whom", () => {
  expect(readJwt(`${jwt}\n`, Claims, "it")).toEqual({ iss: publicKey, iat: 1000, sub: "U", name: "n1" });
});

test("is the same for the same claims at the same second, and another at another", () => {
  expect(again(1000)).toBe(jwt);
  expect(again(1001)).not.toBe(jwt);
});

test.each([
  ["no algorithm", withHeader({ typ: "JWT", alg: "none" })],
  ["none, and no signature", `${part({ typ: "JWT", alg: "none" })}.${jwt.split(".")[1]}.`],
  ["version 1's", withHeader({ typ: "JWT", alg: "ed25519" })],
  ["HMAC by its word", withHeader({ typ: "JWT", alg: "HS256" })],
  ["HMAC with the public key", hmac()],
  ["EdDSA as others call it", withHeader({ typ: "JWT", alg: "EdDSA" })],
  ["a list of algorithms", withHeader({ typ: "JWT", alg: ["ed25519-nkey"] })],
  ["another type", withHeader({ typ: "JWE", alg: "ed25519-nkey" })],
  ["no header", `${part(null)}.${jwt.split(".").slice(1).join(".")}`],
  ["two parts", jwt.split(".").slice(0, 2).join(".")],
  ["four parts", `${jwt}.${jwt.split(".")[2]}`],
  ["an endless text", `${jwt}${"A".repeat(1 << 20)}`],
  ["a line break inside", jwt.replace(".", ".\n")],
])("refuses %s", (_what, text) => {
  expect(() => readJwt(text, Claims, "it")).toThrow(/no JWT/);
});

function hmac(): string {
  const signed = `${part({ typ: "JWT", alg: "HS256" })}.${jwt.split(".")[1]}`;
  return `${signed}.${createHmac("sha256", publicKey).update(signed).digest("base64url")}`;
}

test.each([
  ["one digit of the claims changed", flipped(1)],
  ["one digit of the signature changed", flipped(2)],
  ["another's signature", `${jwt.split(".").slice(0, 2).join(".")}.${strangers()}`],
  ["an issuer that is no key", forged({ iss: "A" })],
  [
    "an issuer of another checksum",
    forged({ iss: `${publicKey.slice(0, 55)}${publicKey.endsWith("A") ? "B" : "A"}` }),
  ],
  ["no issuer", forged({})],
  ["claims that are no object", forged([1])],
])("does not take %s for what its issuer signed", (_what, text) => {
  expect(() => readJwt(text, Claims, "it")).toThrow(expect.objectContaining({ code: "signature-invalid" }));
});

function flipped(index: number): string {
  const parts = jwt.split(".");
  const text = parts[index] ?? "";
  parts[index] = `${text.slice(0, 9)}${text[9] === "a" ? "b" : "a"}${text.slice(10)}`;
  return parts.join(".");
}

function strangers(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return sign(null, Buffer.from(jwt.split(".").slice(0, 2).join(".")), privateKey).toString("base64url");
}

function forged(claims: unknown): string {
  const signed = `${jwt.split(".")[0]}.${part(claims)}`;
  return `${signed}.${issuer.sign(Buffer.from(signed)).toString("base64url")}`;
}

test("a schema sees no claims that were not signed, and names the field that is wrong in those that were", () => {
  const seen: unknown[] = [];
  const Spy = z.unknown().refine((claims) => seen.push(claims) > 0);
  expect(() => readJwt(flipped(1), Spy, "it")).toThrow(/not what its issuer signed/);
  expect(seen).toEqual([]);
  expect(() => readJwt(jwt, z.object({ sub: z.literal("V") }), "it")).toThrow(/at sub/);
});
