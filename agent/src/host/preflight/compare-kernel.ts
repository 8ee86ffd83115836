/**
 * SHELL. Whether a system boots another kernel than the one that runs. The initrd is left out: nearly every update brings
 * another one, and a restart for each would be no policy; boot counting is what protects against a bad one.
 */
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";

/** In words; null when they agree, or where a system has no kernel of its own, as in a container. */
export function compareKernel(booted: string, wanted: string): string | null {
  const [from, to] = [kernelOf(booted), kernelOf(wanted)];
  if (from === null || to === null) return null;
  if (from !== to) return `another kernel: ${nameOf(from)} -> ${nameOf(to)}`;
  const [modulesFrom, modulesTo] = [
    realPath(`${booted}/kernel-modules`),
    realPath(`${wanted}/kernel-modules`),
  ];
  if (modulesFrom !== modulesTo) return "other kernel modules";
  return textOf(`${booted}/kernel-params`) === textOf(`${wanted}/kernel-params`)
    ? null
    : "other kernel parameters";
}

function kernelOf(toplevel: string): string | null {
  return realPath(`${toplevel}/kernel`);
}

/** `linux-6.12.1` of /nix/store/<hash>-linux-6.12.1/bzImage. */
function nameOf(kernel: string): string {
  return basename(dirname(kernel)).replace(/^[0-9a-z]{32}-/, "");
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
