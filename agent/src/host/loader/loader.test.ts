import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLoader, isBootedBySystemdBoot } from "./loader.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-efi-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function say(loader: string): void {
  const text = Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from(`${loader}\0`, "utf16le")]);
  writeFileSync(join(folder, "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"), text);
}

test("the machine was booted by systemd-boot when its firmware says so, and by nothing else", () => {
  expect(isBootedBySystemdBoot(folder)).toBe(false);
  say("GNU GRUB 2.12");
  expect(isBootedBySystemdBoot(folder)).toBe(false);
  say("systemd-boot 257.5");
  expect(isBootedBySystemdBoot(folder)).toBe(true);
});

test("a machine without boot entries is not protected, and has no entry to forget", async () => {
  const loader = createLoader(folder);
  expect(loader.protection()).toBe("none");
  await loader.ask();
  expect(loader.protection()).toBe("none");
  await expect(loader.clearBootOnce()).resolves.toBeUndefined();
});
