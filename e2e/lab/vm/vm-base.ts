// SHELL. What all VMs share: their root filesystem with Debian's kernel, and the kernel's own initial root, kept in the cache folder.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { cacheFolder } from "../prepare/cache-folder.ts";
import { installMissing } from "../prepare/host-packages.ts";
import { readOsRelease } from "../prepare/preconditions.ts";
import type { Report } from "../report.ts";
import { ensureRootfs } from "../prepare/rootfs.ts";
import { initrdApplets, initrdModules, initScript, makeInitrd } from "./make-initrd.ts";

/** Rises when the steps below change in a way that the rest of the key does not show. */
const recipeVersion = 1;

export type VmBase = {
  readonly rootfs: string;
  readonly kernelVersion: string;
  /** A folder with kernel/bzImage and initrd/initrd. */
  readonly boot: string;
};

/** Package → a file that proves it is there. */
const needed = {
  "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
  ovmf: "/usr/share/OVMF/OVMF_CODE_4M.fd",
  mtools: "/usr/bin/mcopy",
  dosfstools: "/usr/sbin/mkfs.vfat",
  fdisk: "/sbin/sfdisk",
  e2fsprogs: "/sbin/mkfs.ext4",
  "openssh-client": "/usr/bin/ssh",
  "xz-utils": "/usr/bin/xz",
};

export async function ensureVmBase(report: Report): Promise<VmBase> {
  await installMissing(needed, report);
  const rootfs = await ensureRootfs(await readOsRelease(), report, "vm");
  const [kernelVersion] = await readdir(join(rootfs, "usr/lib/modules"));
  if (kernelVersion === undefined) throw new ChimeraError("tool-failed", `${rootfs} has no kernel`);
  const boot = await bootFolder(rootfs);
  if (!existsSync(boot)) {
    report(`making the initial root of ${kernelVersion}`);
    await makeBoot({ rootfs, kernelVersion, boot });
  }
  return { rootfs, kernelVersion, boot };
}

async function bootFolder(rootfs: string): Promise<string> {
  const recipe = JSON.stringify({ recipeVersion, rootfs, initrdModules, initrdApplets });
  const key = createHash("sha256")
    .update(recipe)
    .update(await readFile(initScript));
  return join(cacheFolder(), `vm-boot-${key.digest("hex").slice(0, 12)}`);
}

async function makeBoot({ rootfs, kernelVersion, boot }: VmBase): Promise<void> {
  const unfinished = `${boot}.tmp-${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  for (const name of ["kernel", "initrd"]) await mkdir(join(unfinished, name), { recursive: true });
  await copyFile(join(rootfs, "boot", `vmlinuz-${kernelVersion}`), join(unfinished, "kernel/bzImage"));
  const initrd = await makeInitrd({ rootfs, modules: join(rootfs, "usr/lib/modules", kernelVersion) });
  await writeFile(join(unfinished, "initrd/initrd"), initrd);
  await rename(unfinished, boot).catch(async (cause: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(boot)) throw cause;
  });
}
