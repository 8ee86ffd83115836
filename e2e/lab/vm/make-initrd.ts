// SHELL. The VM's initial root: busybox, our init and the few modules without which the disks cannot be found.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { cpioArchive, type CpioEntry } from "./cpio-archive.ts";

export const initScript = join(import.meta.dirname, "initrd-init.sh");

/** ext4 and virtio's bus are part of Debian's cloud kernel. */
export const initrdModules = [
  "virtio_blk",
  "virtio_net",
  "vfat",
  "nls_ascii",
  "nls_cp437",
  "nls_utf8",
  "efivarfs",
];

export const initrdApplets = "sh mount insmod cat echo findfs usleep ip rm switch_root".split(" ");

/** `modules` is /usr/lib/modules/<version> of the root filesystem. */
export async function makeInitrd({ rootfs, modules }: { rootfs: string; modules: string }): Promise<Buffer> {
  const order = moduleOrder(await readFile(join(modules, "modules.dep"), "utf8"), initrdModules);
  const entries: CpioEntry[] = [
    ...["bin", "dev", "proc", "sys", "root", "modules"].map((path) => ({ kind: "folder" as const, path })),
    file("bin/busybox", await readFile(join(rootfs, "usr/bin/busybox")), 0o755),
    ...initrdApplets.map((path) => ({ kind: "link" as const, path: `bin/${path}`, target: "busybox" })),
    file("init", await readFile(initScript), 0o755),
    file("modules/order", Buffer.from(order.map((path) => `${unpackedName(path)}\n`).join("")), 0o644),
  ];
  for (const path of order)
    entries.push(file(`modules/${unpackedName(path)}`, await unpacked(join(modules, path)), 0o644));
  return gzipSync(cpioArchive(entries), { level: 6 });
}

function file(path: string, data: Uint8Array, mode: number): CpioEntry {
  return { kind: "file", path, data, mode };
}

/** Each after those that it needs; `modules.dep` lists a module's needs with the deepest last. */
export function moduleOrder(dependencies: string, wanted: readonly string[]): string[] {
  const lines = dependencies.split("\n").map((line) => line.split(/[:\s]+/).filter(Boolean));
  const needs = wanted.flatMap((name) => {
    const line = lines.find(([path = ""]) => unpackedName(path) === `${name}.ko`);
    if (line === undefined) throw new Error(`the kernel has no module ${name}`);
    return line.toReversed();
  });
  return [...new Set(needs)];
}

function unpackedName(path: string): string {
  return basename(path).replace(/\.xz$/, "");
}

async function unpacked(path: string): Promise<Buffer> {
  if (!path.endsWith(".xz")) return readFile(path);
  const { stdout } = await execa("xz", ["--decompress", "--stdout", path], { encoding: "buffer" });
  return Buffer.from(stdout);
}
