import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBootDefault, readPointers } from "./system-pointers.ts";

const path = (letter: string) => `/nix/store/${letter.repeat(32)}-nixos-system-${letter}`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-pointers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const entry = `title NixOS\nversion Generation 5\nlinux /EFI/nixos/k.efi\noptions  init=${path("b")}/init loglevel=4\n`;

test("systemd-boot's default leads through its entry to the toplevel", () => {
  write("loader/loader.conf", "timeout 5\ndefault nixos-generation-5.conf\nconsole-mode keep\n");
  write("loader/entries/nixos-generation-5.conf", entry);
  write("loader/entries/nixos-generation-4.conf", entry.replaceAll("b", "a"));
  expect(readBootDefault(folder)).toBe(path("b"));
});

test("what systemd-boot prefers comes before its default", () => {
  write("loader/loader.conf", "default nixos-*\npreferred nixos-generation-4.conf\n");
  write("loader/entries/nixos-generation-4.conf", entry.replaceAll("b", "a"));
  expect(readBootDefault(folder)).toBe(path("a"));
});

test("a default file of one line is taken as it is", () => {
  write("default", `${path("c")}\n`);
  expect(readBootDefault(folder)).toBe(path("c"));
});

for (const [name, conf] of [
  ["a pattern", "default nixos-*\n"],
  ["@saved", "default @saved\n"],
  ["an entry that is not there", "default gone.conf\n"],
  ["no default", "timeout 5\n"],
  ["a way out of the folder", "default ../../../etc/passwd\n"],
] as const) {
  test(`${name} is not known, which is said as null`, () => {
    write("loader/loader.conf", conf);
    expect(readBootDefault(folder)).toBeNull();
  });
}

test("an entry whose init is no system is not known", () => {
  write("loader/loader.conf", "default x.conf\n");
  write("loader/entries/x.conf", "options init=/bin/sh root=/dev/sda1\n");
  expect(readBootDefault(folder)).toBeNull();
});

test("links are read without being followed further; what is missing or strange is null", () => {
  symlinkSync(path("a"), join(folder, "current-system"));
  symlinkSync("/etc", join(folder, "booted-system"));
  const places = { run: folder, profile: join(folder, "none"), boot: join(folder, "none") };
  expect(readPointers(places)).toEqual({
    current: path("a"),
    booted: null,
    profile: null,
    bootDefault: null,
  });
});
