import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StorePath } from "@chimera/proto/names";
import { createRestartAdvice, restartAdvice } from "./restart-advice.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-advice-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hash = (letter: string) => letter.repeat(32);

/** A toplevel whose parts lie in the store, as NixOS links them. */
function system(name: string, parts: Record<string, string>): string {
  const toplevel = join(folder, name);
  mkdirSync(toplevel);
  for (const [part, path] of Object.entries(parts)) {
    mkdirSync(join(folder, path.split("/")[0] ?? ""), { recursive: true });
    writeFileSync(join(folder, path), "", { flag: "a" });
    symlinkSync(join(folder, path), join(toplevel, part));
  }
  return toplevel;
}

const old = { systemd: `${hash("1")}-systemd-257.9`, initrd: `${hash("1")}-initrd-linux/initrd` };

test("what was switched to live, and would be another after a restart, is named with its versions", () => {
  const booted = system("a", { initrd: old.initrd });
  symlinkSync(makeFolder(old.systemd), join(booted, "systemd"));
  const current = system("b", { initrd: `${hash("2")}-initrd-linux/initrd` });
  symlinkSync(makeFolder(`${hash("2")}-systemd-258.1`), join(current, "systemd"));
  expect(restartAdvice(booted, current)).toEqual([
    "another initrd",
    "another systemd: systemd-257.9 -> systemd-258.1",
  ]);
  expect(restartAdvice(booted, booted)).toEqual([]);
});

test("what one of them lacks, or a system that is gone, says nothing", () => {
  const booted = system("a", { initrd: old.initrd });
  expect(restartAdvice(booted, system("b", {}))).toEqual([]);
  expect(restartAdvice(join(folder, "gone"), booted)).toEqual([]);
});

test("it follows the pointers, and says nothing while one is unknown", () => {
  const advice = createRestartAdvice();
  const [one, other] = ["a", "b"].map((letter) =>
    StorePath.parse(`/nix/store/${hash(letter)}-nixos-system-x`),
  );
  const pointers = { profile: null, bootDefault: null };
  expect(advice({ ...pointers, booted: null, current: one ?? null })).toEqual([]);
  expect(advice({ ...pointers, booted: one ?? null, current: other ?? null })).toEqual([]);
});

function makeFolder(name: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  return join(folder, name);
}
