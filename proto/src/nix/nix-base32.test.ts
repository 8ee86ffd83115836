import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { namesSha256, nixBase32 } from "./nix-base32.ts";

const sha256 = (bytes: string) => createHash("sha256").update(bytes).digest();

test("encodes as Nix does", () => {
  // nix hash to-base32 of the SHA-256 of nothing.
  expect(nixBase32(sha256(""))).toBe("0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73");
});

test("knows a hash in base 32, hex and SRI, and no other", () => {
  const hash = sha256("x");
  const forms = [
    `sha256:${nixBase32(hash)}`,
    `sha256:${hash.toString("hex")}`,
    `sha256-${hash.toString("base64")}`,
  ];
  for (const form of forms) expect(namesSha256(form, hash)).toBe(true);
  expect(namesSha256(forms[0] ?? "", sha256("y"))).toBe(false);
  expect(namesSha256(nixBase32(hash), hash)).toBe(false);
});
