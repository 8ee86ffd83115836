/** PURE. Which kernels and initrds a boot partition has, by the names that NixOS's installers give their copies. */
import { z } from "zod";
import { sha256 } from "../signed/canonical.ts";

/** On the partition: of systemd-boot, GRUB and extlinux. */
export const bootFolders = ["EFI/nixos", "kernels", "nixos"] as const;

/** Enough to tell a hundred names apart, and short enough to be said again and again. */
const digestLength = 8;
export const BootNameDigest = z.string().regex(/^[0-9a-f]{8}$/u, "8 hexadecimal digits");

export function bootNameDigest(name: string): string {
  return sha256(Buffer.from(name)).slice(0, digestLength);
}

/** Whether a copy of this file of the store lies there. */
export function isOnBoot(file: string, has: (name: string) => boolean): boolean {
  const [folder, base] = file.split("/").slice(-2);
  const name = `${folder}-${base}`;
  return has(`${name}.efi`) || has(name);
}
