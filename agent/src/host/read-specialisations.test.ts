/** What counts as a specialisation is an entry of the closure itself: real files, and what somebody may put in their place. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSpecialisations } from "./read-specialisations.ts";

const system = (digit: string) => `/nix/store/${digit.repeat(32)}-nixos-system-n1`;
let folder: string;
let toplevel: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-variants-"));
  toplevel = join(folder, "toplevel");
  mkdirSync(join(toplevel, "specialisation"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const link = (name: string, target: string) => symlinkSync(target, join(toplevel, "specialisation", name));
const found = () => Object.fromEntries(readSpecialisations(toplevel));

test("each link directly to a toplevel of the store, by its name", () => {
  link("gpu", system("1"));
  link("with a space", system("2"));
  expect(found()).toEqual({ [system("1")]: "gpu", [system("2")]: "with a space" });
});

test("a system without any has none, nor has one that is gone", () => {
  expect(found()).toEqual({});
  rmSync(join(toplevel, "specialisation"), { recursive: true });
  expect(found()).toEqual({});
  expect(readSpecialisations(join(folder, "gone"))).toEqual(new Map());
});

test("what leads there over another link, or not directly, is none", () => {
  symlinkSync(system("3"), join(folder, "elsewhere"));
  link("over-a-link", join(folder, "elsewhere"));
  link("below", `${system("4")}/specialisation/gpu`);
  link("slash", `${system("4")}/`);
  link("relative", `../../..${system("5")}`);
  link("dots", `/nix/store/../store/${"6".repeat(32)}-nixos-system-n1`);
  link("dangling", "/nowhere");
  mkdirSync(join(toplevel, "specialisation", "folder"));
  writeFileSync(join(toplevel, "specialisation", "file"), system("7"));
  expect(found()).toEqual({});
});

test("a folder that is a link to another one is none of the closure's", () => {
  mkdirSync(join(folder, "by-hand"));
  symlinkSync(system("8"), join(folder, "by-hand", "gpu"));
  rmSync(join(toplevel, "specialisation"), { recursive: true });
  symlinkSync(join(folder, "by-hand"), join(toplevel, "specialisation"));
  expect(found()).toEqual({});
  renameSync(toplevel, join(folder, "moved"));
  mkdirSync(join(folder, "real", "specialisation"), { recursive: true });
  symlinkSync(system("9"), join(folder, "real", "specialisation", "gpu"));
  symlinkSync(join(folder, "real"), toplevel);
  expect(found()).toEqual({});
});

test("a folder of thousands costs no more than some hundred", () => {
  for (let i = 0; i < 1_000; i += 1)
    link(`v${i}`, `/nix/store/${String(i).padStart(32, "0")}-nixos-system-n1`);
  expect(readSpecialisations(toplevel).size).toBe(256);
});
