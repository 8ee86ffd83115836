import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFreshKey } from "./fresh-key.ts";

let folder = "";
const file = () => join(folder, "fresh.key");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-fresh-"));
  writeFileSync(file(), `${generateKey("hub-fresh").secret}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("takes a key that only its owner reads", () => {
  chmodSync(file(), 0o600);
  expect(readFreshKey(file(), undefined)?.name).toBe("hub-fresh");
});

test("refuses a key that others read", () => {
  chmodSync(file(), 0o440);
  expect(() => readFreshKey(file(), undefined)).toThrow(/others may read it/);
  expect(() => readFreshKey(file(), "/run/credentials/another.service")).toThrow(/others may read it/);
});

test("takes systemd's credential, whose mode shows the mask of its access list", () => {
  chmodSync(file(), 0o440);
  expect(readFreshKey(file(), folder)?.name).toBe("hub-fresh");
});
