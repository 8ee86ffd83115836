import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resolveToplevel } from "./resolve-toplevel.ts";

const toplevel = `/nix/store/${"a".repeat(32)}-nixos-system-n1`;
let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "chimera-resolve-"));
  symlinkSync(toplevel, join(cwd, "result"));
  symlinkSync("result", join(cwd, "newest"));
  mkdirSync(join(cwd, "deep"));
  symlinkSync("../newest", join(cwd, "deep/system"));
  symlinkSync("deep", join(cwd, "way"));
  symlinkSync("loop-b", join(cwd, "loop-a"));
  symlinkSync("loop-a", join(cwd, "loop-b"));
  symlinkSync("nowhere", join(cwd, "dangling"));
  symlinkSync(`${toplevel}/etc`, join(cwd, "inside"));
  writeFileSync(join(cwd, "file"), "");
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test.each([
  ["the path itself", toplevel],
  ["with a slash at its end", `${toplevel}/`],
  ["with dots in it", `/nix/../nix/store/./${toplevel.slice("/nix/store/".length)}`],
  ["a link", "./result"],
  ["a link to a link", "newest"],
  ["a link through folders that are links", "way/system"],
])("%s leads to the system", async (_, typed) => {
  expect(await resolveToplevel({ cwd }, typed)).toBe(toplevel);
});

test.each([
  ["nothing", "missing", "not-found"],
  ["nothing in a folder that is not there", "missing/result", "not-found"],
  ["a link to nothing", "dangling", "not-found"],
  ["a link to itself", "loop-a", "not-found"],
  ["a file", "file", "input-invalid"],
  ["the folder", ".", "input-invalid"],
  ["the root", "/", "input-invalid"],
  ["a name that is long", "x".repeat(5000), "not-found"],
])("%s is no system", async (_, typed, code) => {
  await expect(resolveToplevel({ cwd }, typed)).rejects.toMatchObject({ code });
});

test("what lies inside a system is not that system", async () => {
  await expect(resolveToplevel({ cwd }, "inside")).rejects.toThrow(/inside|directly|no inside/u);
});
