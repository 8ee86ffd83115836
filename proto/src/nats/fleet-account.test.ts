import { expect, test } from "vitest";
import { FleetId } from "../names.ts";
import { generateNkey, parseNkeySeed } from "../nkey.ts";
import {
  readFleetAccount,
  readRoot,
  readSystemAccount,
  revoke,
  signFleetAccount,
  signRoot,
  signSystemAccount,
  type FleetAccount,
} from "./fleet-account.ts";
import { signPass } from "./pass.ts";

const root = parseNkeySeed(generateNkey("operator").seed, "operator");
const key = () => generateNkey("account").publicKey;
const user = () => generateNkey().publicKey;
const fleet: FleetAccount = {
  fleetId: FleetId.parse("f".repeat(64)),
  account: key(),
  issuers: [
    { role: "node", key: key() },
    { role: "node", key: key() },
    { role: "operator", key: key() },
  ],
  revocations: { [user()]: 900 },
  limits: { memoryBytes: 1, fileBytes: 2 },
};

test("reads back what it signed", () => {
  expect(readFleetAccount(signFleetAccount(fleet, root, 1000), root.publicKey)).toEqual(fleet);
});

test("refuses an account that another root signed, and what is no account", () => {
  const other = parseNkeySeed(generateNkey("operator").seed, "operator");
  const foreign = signFleetAccount(fleet, other, 1000);
  expect(() => readFleetAccount(foreign, root.publicKey)).toThrow(
    expect.objectContaining({ code: "signature-invalid" }),
  );
  const issuer = parseNkeySeed(generateNkey("account").seed, "account");
  const pass = signPass({ name: "n1", nkey: user(), account: fleet.account, seconds: 60 }, issuer, 1000);
  expect(() => readFleetAccount(pass, root.publicKey)).toThrow(
    expect.objectContaining({ code: "input-invalid" }),
  );
});

test("reads back the root and the system account, and takes neither for the other", () => {
  const system = { account: key(), issuers: [key()] };
  const jwt = signSystemAccount(system, fleet.account, { root, nowS: 1000 });
  expect(readSystemAccount(jwt, root.publicKey)).toEqual(system);
  const ofRoot = signRoot(system.account, root, 1000);
  expect(readRoot(ofRoot)).toEqual({ root: root.publicKey, systemAccount: system.account });
  expect(() => readRoot(jwt)).toThrow(/the root's JWT/);
  expect(() => readSystemAccount(ofRoot, root.publicKey)).toThrow(/the system account's JWT/);
  expect(() => readFleetAccount(jwt, root.publicKey)).toThrow(/the account's JWT/);
});

test("a revocation stays as long as a pass can live, and no longer", () => {
  const [first, second] = [user(), user()];
  const once = revoke({ ...fleet, revocations: {} }, first, { nowS: 1000, maxPassS: 100 });
  const twice = revoke(once, second, { nowS: 1099, maxPassS: 100 });
  expect(twice.revocations).toEqual({ [first]: 1000, [second]: 1099 });
  expect(revoke(twice, second, { nowS: 1100, maxPassS: 100 }).revocations).toEqual({ [second]: 1100 });
});

test("ten thousand issuers or revocations are not read", () => {
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [numbered(i), 1]));
  const jwt = signFleetAccount({ ...fleet, revocations: many }, root, 1000);
  expect(() => readFleetAccount(jwt, root.publicKey)).toThrow(/at most 8192/);
});

function numbered(i: number): string {
  const digits = i
    .toString(16)
    .toUpperCase()
    .replaceAll(/[018-9]/gu, (digit) => ({ 0: "Q", 1: "R", 8: "S", 9: "T" })[digit] ?? "");
  return `U${digits.padStart(55, "Z")}`;
}
