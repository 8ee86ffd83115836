import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isIdle, planSwitch } from "../plan/node/plan-switch.ts";
import type { SystemFacts } from "../plan/node/system-facts.ts";
import { readSystem } from "./read-system.ts";
import { createUnitCache } from "./read-unit-folder.ts";

let root: string;
let folder: string;
const toplevel = `/nix/store/${"a".repeat(32)}-nixos-system-n1`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "chimera-bounds-"));
  folder = `${root}${toplevel}/etc/systemd/system`;
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (maxBytes?: number): SystemFacts => readSystem({ root }, toplevel, createUnitCache(maxBytes));

test("two systems that differ in nothing are idle; without a folder of units none is, and no unit is said to stop", () => {
  writeFileSync(`${folder}/default.target`, "[Unit]\n");
  writeFileSync(`${folder}/local-fs.target`, "[Unit]\n");
  const whole = read();
  expect(isIdle(planSwitch(whole, read(), null))).toBe(true);
  rmSync(folder, { recursive: true });
  // Neither is there one where it is a file, or lies outside of the store.
  for (const make of [() => {}, () => writeFileSync(folder, ""), () => symlinkSync("/etc", folder)]) {
    rmSync(folder, { force: true });
    make();
    for (const [from, to] of [
      [whole, read()],
      [read(), whole],
      [read(), read()],
    ] as const) {
      const plan = planSwitch(from, to, new Set(["default.target"]));
      expect(plan.actions).toEqual([]);
      expect(plan.notes[0]).toMatch(/has no folder etc\/systemd\/system: no unit was compared$/);
      expect(isIdle(plan)).toBe(false);
    }
  }
});

test("unit files beyond all bytes are unreadable, and that is told once for the system", () => {
  for (const name of ["a", "b", "c"]) writeFileSync(`${folder}/${name}.service`, "[Service]\nNice=1\n");
  const { units, notes } = read(40);
  expect([...units.sources.values()].map(({ kind }) => kind)).toEqual(["file", "file", "unreadable"]);
  expect(notes).toEqual([expect.stringMatching(/not all of its units were compared: .* -t$/)]);
  expect(read(54).notes).toEqual([]);
});

// Fifty thousand links take their time on a busy machine.
test("names beyond 50000 are not read, also those in a folder beside a unit", { timeout: 60_000 }, () => {
  mkdirSync(`${folder}/a.target.wants`);
  for (let i = 0; i < 50_001; i += 1) symlinkSync("x", `${folder}/a.target.wants/${i}.service`);
  const { units, notes } = read();
  expect(units.links.wants.get("a.target")).toHaveLength(49_999);
  expect(notes).toEqual([expect.stringContaining("more than 50000 names: the rest was not compared")]);
});

test("a fstab of more than 1 MiB is not compared by its beginning", () => {
  writeFileSync(`${root}${toplevel}/etc/fstab`, "/dev/a /a ext4\n");
  const from = read();
  writeFileSync(`${root}${toplevel}/etc/fstab`, `${"#".repeat(1 << 20)}\n/dev/a /a ext4\n`);
  const plan = planSwitch(from, read(), null);
  expect(Object.values(plan.mounts).flat()).toEqual([]);
  expect(plan.notes).toEqual([
    expect.stringMatching(/etc\/fstab has more than 1048576 bytes: it was not compared$/),
  ]);
});
