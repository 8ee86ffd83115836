import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { signPass } from "@chimera/proto/nats/pass";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { followNatsCredentials, readNatsCredentials, watchPassEnd } from "./nats-seed.ts";

const issuer = parseNkeySeed(generateNkey("account").seed, "account");
const [own, other] = [generateNkey(), generateNkey()];
let directory: string;
let files: { seedFile: string; passFile: string };
let lines: string[];
const log = createLog({ fields: {}, write: (line) => lines.push(line) });
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-seed-"));
  files = { seedFile: join(directory, "nats.seed"), passFile: join(directory, "nats.pass") };
  writeFileSync(files.seedFile, own.seed);
});
beforeEach(() => {
  lines = [];
});
afterAll(() => rmSync(directory, { recursive: true }));

function putPass(agoS: number, nkey = own.publicKey): string {
  const wish = { name: "controller", nkey, account: issuer.publicKey, seconds: 100 };
  const pass = signPass(wish, issuer, Math.floor(Date.now() / 1000) - agoS);
  writeFileSync(files.passFile, `${pass}\n`);
  return pass;
}

test("what takes the place of the pass counts; another's, or none, is said once it is there, and the last good one goes on", () => {
  const first = putPass(10);
  const credentials = followNatsCredentials(files, log);
  expect(credentials().pass).toBe(first);
  const second = putPass(0);
  expect(credentials().pass).toBe(second);
  putPass(0, other.publicKey);
  expect(credentials().pass).toBe(second);
  expect(lines.join("")).toContain(`it is a pass of ${other.publicKey}`);
  rmSync(files.passFile);
  expect(credentials().pass).toBe(second);
  expect(() => readNatsCredentials(files)).toThrow(/nats.passFile/);
});

test("a pass in its last quarter is told of, and one before that is not", () => {
  putPass(70);
  watchPassEnd(followNatsCredentials(files, log), log)();
  expect(lines).toEqual([]);
  putPass(76);
  watchPassEnd(followNatsCredentials(files, log), log)();
  expect(lines.join("")).toMatch(/"level":"warn".*"until":.*nats pass ends soon/);
});
