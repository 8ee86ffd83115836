import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBootDefault } from "../system-pointers.ts";
import { entryFile, entryId, findEntry } from "./find-entry.ts";

let boot: string;
beforeEach(() => {
  boot = mkdtempSync(join(tmpdir(), "chimera-loader-"));
  mkdirSync(join(boot, "loader/entries"), { recursive: true });
});
afterEach(() => rmSync(boot, { recursive: true }));

const toplevel = (letter: string) => `/nix/store/${letter.repeat(32)}-nixos-system-${letter}`;

function entry(file: string, system: string, more = "quiet"): void {
  const text = `title NixOS\nlinux /EFI/nixos/k.efi\noptions init=${system}/init ${more}\n`;
  writeFileSync(join(boot, "loader/entries", file), text);
}

for (const [file, id] of [
  ["nixos-generation-7.conf", "nixos-generation-7.conf"],
  ["nixos-generation-7+3.conf", "nixos-generation-7.conf"],
  ["nixos-generation-7+2-1.conf", "nixos-generation-7.conf"],
  ["nixos-generation-7+0-3.conf", "nixos-generation-7.conf"],
  ["c++-box.conf", "c++-box.conf"],
] as const) {
  test(`${file} is the entry ${id}`, () => expect(entryId(file)).toBe(id));
}

test("a system's entry is its newest generation's, by the loader's id", () => {
  entry("nixos-generation-9+3.conf", toplevel("a"));
  entry("nixos-generation-10.conf", toplevel("a"));
  entry("nixos-generation-11.conf", toplevel("b"));
  expect(findEntry(boot, toplevel("a"))).toBe("nixos-generation-10.conf");
  expect(findEntry(boot, toplevel("c"))).toBeNull();
  expect(findEntry(join(boot, "none"), toplevel("a"))).toBeNull();
});

test("an entry is found whatever its counter says, and so is the boot default", () => {
  entry("nixos-generation-9+2-1.conf", toplevel("a"));
  expect(entryFile(boot, "nixos-generation-9.conf")).toMatch(/9\+2-1\.conf$/);
  writeFileSync(join(boot, "loader/loader.conf"), "default nixos-generation-9.conf\n");
  expect(readBootDefault(boot)).toBe(toplevel("a"));
});

test("a longer path, another init and a broken entry are not taken for the system", () => {
  entry("nixos-generation-1.conf", `${toplevel("a")}-more`);
  writeFileSync(join(boot, "loader/entries/nixos-generation-2.conf"), "\0\0");
  mkdirSync(join(boot, "loader/entries/nixos-generation-3.conf"));
  expect(findEntry(boot, toplevel("a"))).toBeNull();
});
