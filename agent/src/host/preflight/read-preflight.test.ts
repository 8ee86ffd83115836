import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { SpaceLimits } from "@chimera/proto/health";
import { bootNameDigest, isOnBoot } from "@chimera/proto/system/boot-files";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareDriver } from "./compare-driver.ts";
import { compareKernel } from "./compare-kernel.ts";
import { tellBootPartition } from "./boot-partition.ts";
import { readBoot } from "./read-preflight.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-preflight-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A system with this kernel, as its toplevel has it: links into the store. */
function system(
  name: string,
  kernel: string | null,
  { params = "quiet", modules = kernel ?? "" } = {},
): string {
  const toplevel = join(folder, name);
  mkdirSync(toplevel);
  if (kernel === null) return toplevel;
  for (const path of [kernel, modules]) mkdirSync(join(folder, path), { recursive: true });
  for (const file of ["bzImage", "initrd"]) writeFileSync(join(folder, kernel, file), "x".repeat(1000));
  symlinkSync(join(folder, kernel, "bzImage"), join(toplevel, "kernel"));
  symlinkSync(join(folder, kernel, "initrd"), join(toplevel, "initrd"));
  symlinkSync(join(folder, modules), join(toplevel, "kernel-modules"));
  writeFileSync(join(toplevel, "kernel-params"), params);
  return toplevel;
}

const hash = (letter: string) => letter.repeat(32);

test("another kernel is named by version, and so are modules and parameters", () => {
  const old = system("a", `${hash("1")}-linux-6.12.1`);
  expect(compareKernel(old, system("b", `${hash("2")}-linux-6.12.2`))).toBe(
    "another kernel: linux-6.12.1 -> linux-6.12.2",
  );
  expect(compareKernel(old, system("c", `${hash("1")}-linux-6.12.1`))).toBeNull();
  expect(compareKernel(old, system("d", `${hash("1")}-linux-6.12.1`, { params: "loud" }))).toMatch(
    /parameters/,
  );
  expect(compareKernel(old, system("e", `${hash("1")}-linux-6.12.1`, { modules: "other" }))).toMatch(
    /modules/,
  );
});

test("a system without a kernel, as a container's, compares with nothing", () => {
  const withKernel = system("a", `${hash("1")}-linux-6.12.1`);
  const without = system("b", null);
  expect(compareKernel(withKernel, without)).toBeNull();
  expect(compareKernel(without, withKernel)).toBeNull();
  expect(compareKernel(join(folder, "gone"), withKernel)).toBeNull();
});

test("another NVIDIA driver than the loaded one is seen; no driver on either side says nothing", () => {
  const loaded = join(folder, "version");
  const toplevel = join(folder, "new");
  mkdirSync(join(toplevel, "sw/bin"), { recursive: true });
  expect(compareDriver(toplevel, loaded)).toBeNull();
  writeFileSync(loaded, "580.95.05\n");
  expect(compareDriver(toplevel, loaded)).toBeNull();
  const tool = join(folder, `${hash("1")}-nvidia-x11-595.45.04-6.12.2-bin`);
  mkdirSync(tool);
  writeFileSync(join(tool, "nvidia-smi"), "");
  symlinkSync(join(tool, "nvidia-smi"), join(toplevel, "sw/bin/nvidia-smi"));
  expect(compareDriver(toplevel, loaded)).toBe("another NVIDIA driver: 580.95.05 -> 595.45.04");
  writeFileSync(loaded, "595.45.04\n");
  expect(compareDriver(toplevel, loaded)).toBeNull();
});

test("only a boot partition of its own can lack space, and what is on it already needs none", () => {
  const toplevel = system("a", `${hash("1")}-linux-6.12.1`);
  const boot = join(folder, "boot");
  mkdirSync(boot);
  expect(readBoot(toplevel, boot)).toBeNull();
  expect(readBoot(toplevel, join(folder, "none"))).toBeNull();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", boot]);
  try {
    expect(readBoot(toplevel, boot)).toMatchObject({ neededBytes: 2000 });
    mkdirSync(join(boot, "EFI/nixos"), { recursive: true });
    writeFileSync(join(boot, `EFI/nixos/${hash("1")}-linux-6.12.1-bzImage.efi`), "");
    expect(readBoot(toplevel, boot)).toMatchObject({ neededBytes: 1000 });
    // As GRUB's installer names it.
    mkdirSync(join(boot, "kernels"));
    writeFileSync(join(boot, `kernels/${hash("1")}-linux-6.12.1-initrd`), "");
    expect(readBoot(toplevel, boot)).toMatchObject({ neededBytes: 0 });
    expect(readBoot(system("b", null), boot)).toMatchObject({ neededBytes: 0 });
    expect(readBoot(toplevel, boot)?.freeBytes).toBeLessThanOrEqual(1 << 20);
  } finally {
    execFileSync("umount", [boot]);
  }
});

test("what a node says of its boot partition is what its pre-flight goes by", () => {
  const boot = join(folder, "boot");
  const reserve = 32 << 20;
  mkdirSync(boot);
  expect(tellBootPartition(boot, reserve)).toBeNull();
  expect(tellBootPartition(join(folder, "none"), reserve)).toBeNull();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", boot]);
  try {
    mkdirSync(join(boot, "EFI/nixos"), { recursive: true });
    const kernel = `${hash("1")}-linux-6.12.1`;
    writeFileSync(join(boot, `EFI/nixos/${kernel}-bzImage.efi`), "x".repeat(500_000));
    const told = tellBootPartition(boot, reserve);
    const read = readBoot(system("a", kernel), boot);
    expect(told).toMatchObject({ freeBytes: read?.freeBytes, reserveBytes: reserve });
    expect(told?.freeBytes).toBeLessThan(600_000);
    const has = (name: string) => told?.files.includes(bootNameDigest(name)) === true;
    expect(isOnBoot(`/nix/store/${kernel}/bzImage`, has)).toBe(true);
    expect(isOnBoot(`/nix/store/${kernel}/initrd`, has)).toBe(false);
    // As much as a report takes.
    for (let i = 0; i < 200; i += 1) writeFileSync(join(boot, `EFI/nixos/${i}`), "");
    expect(SpaceLimits.shape.boot.parse(tellBootPartition(boot, reserve))?.files).toHaveLength(128);
  } finally {
    execFileSync("umount", [boot]);
  }
});

const line = (path: string, type: string) => `36 24 0:30 / ${path} rw shared:9 - ${type} x rw,fd=59\n`;

test("a boot partition that is mounted when somebody looks is not looked at", () => {
  const boot = join(folder, "boot");
  mkdirSync(boot);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", boot]);
  try {
    const told = (mounts: string) => tellBootPartition(boot, 1, mounts);
    expect(told(line(boot, "autofs") + line(boot, "vfat"))).toEqual({
      freeBytes: null,
      reserveBytes: 1,
      files: [],
    });
    expect(told(line(`${boot}/efi`, "autofs") + line(boot, "vfat"))?.freeBytes).toBeGreaterThan(0);
  } finally {
    execFileSync("umount", [boot]);
  }
});
