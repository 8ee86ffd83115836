import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = readFileSync(join(import.meta.dirname, "scripts/bootctl.sh"), "utf8");
const store = (name: string): string => `/nix/store/${"0".repeat(32)}-${name}`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-bootctl-"));
  mkdirSync(join(folder, "loader/entries"), { recursive: true });
  const moved = script.replaceAll("/boot/", `${folder}/`).replaceAll("/run/", `${folder}/`);
  writeFileSync(join(folder, "bootctl"), moved, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const bootctl = (...args: string[]): string =>
  execFileSync(join(folder, "bootctl"), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const oneshot = (): string => readFileSync(join(folder, "loader/oneshot"), "utf8");

function addEntry(generation: number, system: string): string {
  const id = `nixos-generation-${generation}.conf`;
  const text = `title NixOS\nlinux ${system}/kernel\noptions init=${system}/init quiet\n`;
  writeFileSync(join(folder, "loader/entries", id), text);
  return id;
}

test("an entry that is not there, a path and nonsense are refused, and what was chosen before stays", () => {
  const id = addEntry(1, store("a"));
  bootctl("set-oneshot", id);
  for (const args of [
    ["set-oneshot", "nixos-generation-2.conf"],
    ["set-oneshot", `../entries/${id}`],
    ["set-oneshot"],
    ["set-default", id],
    [],
  ])
    expect(spawnSync(join(folder, "bootctl"), args).status, args.join(" ")).toBe(1);
  expect(oneshot()).toBe(`${id}\n`);
});

test("an entry is chosen for one boot, and an empty one takes the choice back, twice over", () => {
  const id = addEntry(7, store("a"));
  bootctl("set-oneshot", id);
  expect(oneshot()).toBe(`${id}\n`);
  bootctl("set-oneshot", "");
  bootctl("set-oneshot", "");
  expect(existsSync(join(folder, "loader/oneshot"))).toBe(false);
});

test("without entries the list is empty", () => {
  expect(JSON.parse(bootctl("list", "--json=short", "--no-pager"))).toEqual([]);
  expect(bootctl("is-installed")).toBe("yes\n");
});

test("the list says which entry is the default, which is booted once, and which runs", () => {
  const [one, two] = [addEntry(1, store("a")), addEntry(2, store("b"))];
  writeFileSync(join(folder, "loader/loader.conf"), `timeout 0\ndefault ${one}\n`);
  symlinkSync(store("a"), join(folder, "booted-system"));
  bootctl("set-oneshot", two);
  const common = { type: "type1", isReported: true };
  const path = (id: string): string => join(folder, "loader/entries", id);
  const entry = { ...common, isDefault: true, isSelected: true, isOneShot: false };
  const other = { ...common, isDefault: false, isSelected: false, isOneShot: true };
  expect(JSON.parse(bootctl("list", "--json=short"))).toEqual([
    { ...entry, id: one, path: path(one), options: `init=${store("a")}/init` },
    { ...other, id: two, path: path(two), options: `init=${store("b")}/init` },
  ]);
  expect(bootctl("status")).toContain(`id: ${two}`);
});
