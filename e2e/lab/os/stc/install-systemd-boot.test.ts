import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entryFile, espFile, loaderText, parseEntryName } from "./boot-entries.ts";
import { installSystemdBoot } from "./install-systemd-boot.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "systemd-boot-"));
  mkdirSync(join(root, "profiles"));
  mkdirSync(join(root, "nix/store"), { recursive: true });
  writeFileSync(join(root, "machine-id"), "0123\n");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function addGeneration(number: number, kernel = `k${number}`): string {
  const toplevel = join(root, "nix/store", `aaa-nixos-system-${number}`);
  mkdirSync(toplevel);
  for (const [name, file] of [["kernel", "bzImage"] as const, ["initrd", "initrd"] as const]) {
    const folder = join(root, "nix/store", `${kernel}-${name}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), `${name} of ${kernel}`);
    symlinkSync(join(folder, file), join(toplevel, name));
  }
  for (const file of ["kernel-params", "nixos-version"])
    writeFileSync(join(toplevel, file), `${file}-${number}`);
  symlinkSync(toplevel, join(root, `profiles/system-${number}-link`));
  return toplevel;
}

const install = (toplevel: string, tries?: number): void =>
  installSystemdBoot({
    boot: join(root, "boot"),
    profiles: join(root, "profiles"),
    machineIdFile: join(root, "machine-id"),
    toplevel,
    tries,
  });
const read = (path: string): string => readFileSync(join(root, "boot", path), "utf8");
const list = (path: string): string[] => readdirSync(join(root, "boot", path)).toSorted();

test("kernels are copied under their store paths' names, entries name the copies", () => {
  const one = addGeneration(1);
  install(one);
  expect(list("EFI/nixos")).toEqual(["k1-initrd-initrd.efi", "k1-kernel-bzImage.efi"]);
  expect(read("EFI/nixos/k1-kernel-bzImage.efi")).toBe("kernel of k1");
  const entry = read("loader/entries/nixos-generation-1.conf").split("\n");
  expect(entry).toEqual(
    expect.arrayContaining([
      "linux /EFI/nixos/k1-kernel-bzImage.efi",
      "initrd /EFI/nixos/k1-initrd-initrd.efi",
      `options init=${one}/init kernel-params-1`,
      "machine-id 0123",
    ]),
  );
  expect(read("loader/loader.conf")).toContain("default nixos-generation-1.conf\n");
});

test("the default is the system that is installed, when the profile has it", () => {
  const one = addGeneration(1);
  const two = addGeneration(2);
  install(two);
  install(one);
  expect(read("loader/loader.conf")).toContain("default nixos-generation-1.conf\n");
  rmSync(join(root, "profiles/system-1-link"));
  install(one);
  expect(read("loader/loader.conf")).toContain("default nixos-generation-1.conf\n");
});

test("entries of dead generations and kernels that nobody names go, others stay", () => {
  const one = addGeneration(1);
  install(one, 3);
  writeFileSync(join(root, "boot/loader/entries/memtest.conf"), "");
  writeFileSync(join(root, "boot/EFI/nixos/k9-kernel-bzImage.efi.tmp"), "half");
  rmSync(join(root, "profiles/system-1-link"));
  install(addGeneration(12, "k2"), 3);
  expect(list("loader/entries")).toEqual(["memtest.conf", "nixos-generation-12+3.conf"]);
  expect(list("EFI/nixos")).toEqual(["k2-initrd-initrd.efi", "k2-kernel-bzImage.efi"]);
});

test("new entries are counted; those that are there keep what the loader made of their names", () => {
  const one = addGeneration(1);
  const entries = join(root, "boot/loader/entries");
  install(one, 3);
  renameSync(join(entries, "nixos-generation-1+3.conf"), join(entries, "nixos-generation-1.conf"));
  install(addGeneration(2), 3);
  renameSync(join(entries, "nixos-generation-2+3.conf"), join(entries, "nixos-generation-2+0-3.conf"));
  install(addGeneration(3), 3);
  expect(list("loader/entries")).toEqual([
    "nixos-generation-1.conf",
    "nixos-generation-2+0-3.conf",
    "nixos-generation-3+3.conf",
  ]);
  expect(read("loader/loader.conf")).toContain("default nixos-*\n");
  expect(read("loader/entries/nixos-generation-3+3.conf")).toContain("sort-key default\n");
  expect(read("loader/entries/nixos-generation-2+0-3.conf")).toContain("sort-key nixos\n");
});

test("a kernel that cannot be copied leaves no half of it, and the default as it was", () => {
  install(addGeneration(1));
  const two = addGeneration(2);
  rmSync(join(root, "nix/store/k2-initrd/initrd"));
  mkdirSync(join(root, "nix/store/k2-initrd/initrd"));
  const entry = read("loader/entries/nixos-generation-1.conf");
  expect(() => install(two)).toThrow("the boot partition cannot take k2-initrd-initrd.efi");
  expect(read("loader/entries/nixos-generation-1.conf")).toBe(entry);
  expect(list("EFI/nixos").filter((name) => name.includes("tmp") || name.includes("k2-initrd"))).toEqual([]);
  expect(existsSync(join(root, "boot/loader/entries/nixos-generation-2.conf"))).toBe(false);
  expect(read("loader/loader.conf")).toContain("default nixos-generation-1.conf\n");
});

test("a file of the store is read-only, its copy is written all the same", () => {
  const one = addGeneration(1);
  chmodSync(join(root, "nix/store/k1-kernel/bzImage"), 0o444);
  install(one);
  expect(read("EFI/nixos/k1-kernel-bzImage.efi")).toBe("kernel of k1");
});

test.each(["nixos-generation-7.conf", "nixos-generation-7+3.conf", "nixos-generation-7+0-3.conf"])(
  "%s is read and written the same",
  (name) => {
    const entry = parseEntryName(name);
    expect(entry).toMatchObject({ generation: 7 });
    expect(entry === undefined ? "" : entryFile(entry)).toBe(name);
  },
);

test.each([
  "memtest.conf",
  "nixos-generation-.conf",
  "nixos-generation-1+.conf",
  "nixos-generation-1.conf.tmp",
])("%s is nobody's generation", (name) => {
  expect(parseEntryName(name)).toBeUndefined();
});

test("a copy's name says which store path it is of", () => {
  expect(espFile("/nix/store/abc-linux-6.12/bzImage")).toBe("abc-linux-6.12-bzImage.efi");
  expect(espFile("/nix/store/abc-initrd")).toBe("abc-initrd.efi");
  expect(loaderText(4, false)).toBe("timeout 0\ndefault nixos-generation-4.conf\nconsole-mode keep\n");
});
