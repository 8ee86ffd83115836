import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lostGenerations } from "./lost-generations.ts";

const gone = `/nix/store/${"0".repeat(32)}-nixos-system-gone`;
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-generations-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function generations(targets: Record<string, string>, current: string): void {
  for (const [number, target] of Object.entries(targets)) {
    symlinkSync(target, join(folder, `system-${number}-link`));
  }
  symlinkSync(`system-${current}-link`, join(folder, "system"));
}

test("a generation without its system is lost, but for the current one", () => {
  generations({ 1: gone, 2: folder, 12: gone, 13: gone }, "13");
  symlinkSync(gone, join(folder, "default-1-link"));
  expect(lostGenerations(folder).toSorted()).toEqual(["1", "12"]);
});

test("what leads elsewhere than into the store is somebody's own", () => {
  generations({ 1: "/nowhere/at/all", 2: folder }, "2");
  expect(lostGenerations(folder)).toEqual([]);
});

test("without a profile nothing is lost", () => {
  symlinkSync(gone, join(folder, "system-1-link"));
  expect(lostGenerations(folder)).toEqual([]);
});
