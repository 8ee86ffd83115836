import { expect, test } from "vitest";
import { generateNkey, parseNkeySeed } from "../nkey.ts";
import { isNearEnd, maxPassSeconds, readPass, renewAtS, signPass } from "./pass.ts";

const issuer = parseNkeySeed(generateNkey("account").seed, "account");
const wish = {
  name: "n1",
  nkey: generateNkey().publicKey,
  account: generateNkey("account").publicKey,
  seconds: 100,
};

test("a pass says who, for which account, until when, and nothing of what is allowed", () => {
  const text = signPass(wish, issuer, 1000);
  const { name, sub, exp, iss, nats } = readPass(text);
  expect({ name, sub, exp, iss }).toEqual({ name: "n1", sub: wish.nkey, exp: 1100, iss: issuer.publicKey });
  expect(nats.issuer_account).toBe(wish.account);
  expect(Object.keys(claimsOf(text).nats).toSorted()).toEqual(["issuer_account", "type", "version"]);
});

function claimsOf(text: string): { nats: object } {
  return JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString());
}

test("lives no longer than the longest", () => {
  expect(readPass(signPass({ ...wish, seconds: 1e9 }, issuer, 0)).exp).toBe(maxPassSeconds);
});

test("is renewed at the half of its life", () => {
  expect(renewAtS({ iat: 1000, exp: 1100 })).toBe(1050);
  expect(renewAtS({ iat: 1000, exp: 1000 })).toBe(1000);
});

test("the last quarter of its life is near its end", () => {
  expect([1749, 1750, 3000].map((nowS) => isNearEnd({ iat: 1000, exp: 2000 }, nowS))).toEqual([
    false,
    true,
    true,
  ]);
});

test.each(["", "x", "a.b", "a.b.c.d", `${"a".repeat(5000)}.b.c`, "<html>"])("is not %j", (text) => {
  expect(() => readPass(text)).toThrow(/no JWT/);
});
