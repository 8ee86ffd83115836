import { fromPublic } from "nkeys.js";
import { expect, test } from "vitest";
import { generateNkey, parseNkeySeed } from "./nkey.ts";

test("signs natively what nkeys.js verifies", () => {
  const { seed, publicKey } = generateNkey();
  const signer = parseNkeySeed(`${seed}\n`);
  expect(signer.publicKey).toBe(publicKey);
  expect(fromPublic(publicKey).verify(Buffer.from("nonce"), signer.sign(Buffer.from("nonce")))).toBe(true);
});

test("refuses a damaged seed without repeating it", () => {
  const { seed } = generateNkey();
  const damaged = `${seed.slice(0, 20)}${seed[20] === "A" ? "B" : "A"}${seed.slice(21)}`;
  let message = "";
  try {
    parseNkeySeed(damaged);
  } catch (error) {
    message = String(error);
  }
  expect(message).toMatch(/nkey user seed/);
  expect(message).not.toContain(damaged.slice(2, 20));
});
