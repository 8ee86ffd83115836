import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layBallast } from "./ballast.ts";
import { writeStateFile } from "./state-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-ballast-"));
});
afterEach(() => {
  // Not every test has mounted something there.
  spawnSync("umount", ["--quiet", "--lazy", folder]);
  rmSync(folder, { recursive: true });
});

const mount = (size: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "chimera", folder]);

function fill(name: string): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, name), Buffer.alloc(bavail * bsize));
}

test("on a full disk what must be written still is, once", () => {
  mount("80m");
  layBallast(folder);
  const file = join(folder, "journal.json");
  writeStateFile(file, { v: 1 });
  fill("first");
  writeStateFile(file, { v: 2, text: "x".repeat(20_000) });
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ v: 2 });
  expect(existsSync(join(folder, "ballast"))).toBe(false);
  fill("second");
  expect(() => writeStateFile(file, { v: 3, text: "x".repeat(20_000) })).toThrow(/could not be written/);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ v: 2 });
});

test("a disk with little room is left its room, and ballast is laid again once there is some", () => {
  mount("20m");
  layBallast(folder);
  expect(existsSync(join(folder, "ballast"))).toBe(false);
  execFileSync("mount", ["-o", "remount,size=100m", folder]);
  layBallast(folder);
  layBallast(folder);
  expect(existsSync(join(folder, "ballast"))).toBe(true);
});

test("a folder that is not there is no failure", () => {
  expect(() => layBallast(join(folder, "none"))).not.toThrow();
});
