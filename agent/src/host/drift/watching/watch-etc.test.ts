/** Folders of /etc that are watched, as they come and go; on a real file system. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchEtc } from "./watch-etc.ts";
import type { Listening } from "./listen.ts";

let etcDir: string;
let watch: Listening;
let hints: string[];
let errors: unknown[];
const directories = ["ssh", "ssh/keys"];
const managed = ["hosts", "ssh", "ssh/keys", "ssh/keys/one", "ssh/config"];
const at = (path: string): string => join(etcDir, path);
const hinted = (path: string) =>
  vi.waitFor(() => expect(hints).toContain(path), { timeout: 5000, interval: 10 });

beforeEach(async () => {
  etcDir = mkdtempSync(join(tmpdir(), "chimera-etc-"));
  mkdirSync(at("ssh/keys"), { recursive: true });
  [hints, errors] = [[], []];
  watch = watchEtc({
    etcDir,
    isManaged: (path) => managed.includes(path),
    isDirectory: (path) => directories.includes(path),
    onHint: (path) => hints.push(path),
    onError: (error) => errors.push(error),
    onRead: () => {},
  });
  await watch.settled;
});
afterEach(async () => {
  await watch.close();
  rmSync(etcDir, { recursive: true });
});

test("what changes in a folder is called by its name, and what nobody manages is not", async () => {
  writeFileSync(at("hosts"), "x");
  writeFileSync(at("foreign"), "x");
  writeFileSync(at("ssh/keys/one"), "x");
  await hinted("hosts");
  await hinted("ssh/keys/one");
  hints = [];
  chmodSync(at("ssh/keys/one"), 0o600);
  await hinted("ssh/keys/one");
  expect(hints).not.toContain("foreign");
});

test("a folder that is removed and made anew is heard again, with what is in it", async () => {
  for (let round = 0; round < 5; round += 1) {
    rmSync(at("ssh"), { recursive: true });
    mkdirSync(at("ssh/keys"), { recursive: true });
    await hinted("ssh");
    await delay(100);
    hints = [];
    writeFileSync(at("ssh/keys/one"), "x");
    await hinted("ssh/keys/one");
    hints = [];
  }
  expect(errors).toEqual([]);
});

test("nothing is told after it was closed", async () => {
  await watch.close();
  hints = [];
  writeFileSync(at("hosts"), "x");
  await delay(200);
  expect(hints).toEqual([]);
});
