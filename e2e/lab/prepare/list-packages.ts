// SHELL. The one thing that stays on a machine outside the cache folder: Debian packages, told by name.
import { packagesInstalledByLab } from "./host-packages.ts";

export async function listPackages(): Promise<string> {
  const packages = await packagesInstalledByLab();
  if (packages.length === 0) return "";
  return `\nDebian packages that were installed on this machine for the lab, and stay:\n  ${packages.join(", ")}\n`;
}
