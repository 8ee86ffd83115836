import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installBootloader } from "./install-bootloader.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootloader-"));
  mkdirSync(join(root, "profiles"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function addGeneration(number: number): string {
  const toplevel = join(root, `nixos-system-${number}`);
  mkdirSync(toplevel);
  for (const file of ["kernel", "initrd", "kernel-params", "nixos-version"])
    writeFileSync(join(toplevel, file), `${file}-${number}`);
  symlinkSync(toplevel, join(root, `profiles/system-${number}-link`));
  rmSync(join(root, "profiles/system"), { force: true });
  symlinkSync(`system-${number}-link`, join(root, "profiles/system"));
  return toplevel;
}

const install = (): void => installBootloader({ boot: join(root, "boot"), profiles: join(root, "profiles") });
const read = (path: string): string => readFileSync(join(root, "boot", path), "utf8");

test("the boot default is what the profile names, and every generation has an entry", () => {
  addGeneration(2);
  const ten = addGeneration(10);
  install();
  expect(read("default")).toBe(`${ten}\n`);
  expect(read("loader/loader.conf")).toContain("default nixos-generation-10.conf\n");
  expect(readdirSync(join(root, "boot/loader/entries")).toSorted()).toEqual([
    "nixos-generation-10.conf",
    "nixos-generation-2.conf",
  ]);
  expect(read("loader/entries/nixos-generation-10.conf")).toContain(
    `options init=${ten}/init kernel-params-10\n`,
  );
});

test("entries of deleted generations go, entries of others stay", () => {
  addGeneration(1);
  install();
  writeFileSync(join(root, "boot/loader/entries/memtest.conf"), "");
  rmSync(join(root, "profiles/system-1-link"));
  addGeneration(2);
  install();
  expect(readdirSync(join(root, "boot/loader/entries")).toSorted()).toEqual([
    "memtest.conf",
    "nixos-generation-2.conf",
  ]);
});

test("without a profile nothing becomes the default", () => {
  expect(install).toThrow("ENOENT");
  expect(existsSync(join(root, "boot/default"))).toBe(false);
});
